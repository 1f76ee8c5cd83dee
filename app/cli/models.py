"""`parley models …`: what the models take; `app.cli.models_files` has the commands for the files of local ones."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.models_files import bench, list_, pull, use
from app.cli.run import on_database, run, settings_for, used_wrongly
from app.db.sites import site_by_name
from app.db.usage import COLUMNS, Column, Taken, UsageRow, total, usage_by
from graph.errors import UnknownSite

models = typer.Typer(help="The models that answer: what they take, and the files of local ones.", no_args_is_help=True)


models.command("list")(list_)
models.command("pull")(pull)
models.command("use")(use)
models.command("bench")(bench)


@models.command("usage")
def usage(
    site: Annotated[str | None, typer.Option(help="Only this site.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3660, help="Days of UTC; today is the last of them.")] = 30,
    by: Annotated[
        list[str] | None, typer.Option(help="`day`, `site` or `model`; may be given again. Unset: all three.")
    ] = None,
    json_lines: Annotated[bool, typer.Option("--json", help="JSON Lines; the last line is the total.")] = False,
) -> None:
    """Show tries, answers, tokens and US dollars by day, site and model, and their total."""
    if unknown := set(by or ()) - set(COLUMNS):
        used_wrongly(f"There is nothing by {min(unknown)!r}; there are {', '.join(COLUMNS)}.")
    columns = tuple(column for column in COLUMNS if not by or column in by)

    async def work(session: AsyncSession) -> list[UsageRow]:
        found = await site_by_name(session, site) if site is not None else None
        if site is not None and found is None:
            raise UnknownSite(f"There is no site {site}; `parley site list` shows those there are.")
        return await usage_by(session, columns, site_id=found.id if found else None, days=days)

    rows = run(on_database(settings_for(), "parley models usage", work))
    if json_lines:
        for row in rows:
            keys = {name: str(value) for name in columns if (value := getattr(row, name)) is not None}
            print(json.dumps(keys | _record(row.taken), ensure_ascii=False))
        print(json.dumps({"total": _record(total(rows))}))
    else:
        _show(rows, columns)


def _record(taken: Taken) -> dict[str, object]:
    """Money as text, so that no reader rounds it to a binary fraction."""
    return asdict(taken) | {"cost_usd": f"{taken.cost_usd:f}"}


def _show(rows: list[UsageRow], columns: tuple[Column, ...]) -> None:
    table = Table(box=None, pad_edge=False, show_footer=True)
    sum_ = total(rows)
    for number, column in enumerate(columns):
        table.add_column(column, footer="" if number else "total", overflow="fold")
    for heading, footer in zip(("tries", "answers", "in", "out", "US dollars"), _cells(sum_), strict=True):
        table.add_column(heading, footer=footer, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(str(getattr(row, column)) for column in columns), *_cells(row.taken))
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(table)
    if sum_.unpriced:
        console.print(
            f"{_tries(sum_.unpriced)} of models whose price is not known: what these cost is not in the sums marked +. "
            "Set input_usd and output_usd of those models."
        )
    if sum_.estimated:
        console.print(f"{_tries(sum_.estimated)} whose tokens the provider did not count: they are estimates.")


def _cells(taken: Taken) -> tuple[str, ...]:
    money = f"{taken.cost_usd:,.6f}{'+' if taken.unpriced else ''}"
    return (f"{taken.tries:,}", f"{taken.answers:,}", f"{taken.input_tokens:,}", f"{taken.output_tokens:,}", money)


def _tries(number: int) -> str:
    return f"{number:,} {'try' if number == 1 else 'tries'}"
