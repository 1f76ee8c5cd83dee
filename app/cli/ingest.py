"""`parley ingest`: bring a site's documents up to date."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.cli.run import run, settings_for, used_wrongly
from app.db.engine import open_database
from app.db.migrate import migrate
from app.ingest import ingest
from app.ingest.report import IngestReport
from app.ingest.report import Progress as Step
from app.loading import load_encoder
from app.settings import Settings

SHOWN = 20
"""Documents that could not be read and are named; the rest is counted."""


def ingest_command(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders: Markdown, HTML, text, .jsonl.")] = None,
    jsonl: Annotated[
        str | None, typer.Option(help="Records {id, title, text, url?} as JSON Lines; `-` reads standard input.")
    ] = None,
    site: Annotated[str, typer.Option(help="Site that they belong to; made if it is new.")] = "default",
    exclude: Annotated[
        list[str] | None, typer.Option(help="Pattern of paths below a folder to pass over, such as `drafts`.")
    ] = None,
) -> None:
    """Read documents, cut and encode them, and store what is new or changed."""
    if not paths and jsonl is None:
        used_wrongly("Name the files or folders to ingest, or records with --jsonl FILE.")
    settings = settings_for()
    report = run(_ingest(settings, paths or [], jsonl, site, exclude or []))
    print(
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, {report.removed} removed; "
        f"{report.chunks} passages written to site {site}."
    )
    _name("skipped", report.skipped)
    _name("failed", report.failed)
    if report.failed:
        raise typer.Exit(1)


async def _ingest(
    settings: Settings, paths: list[Path], jsonl: str | None, site: str, exclude: list[str]
) -> IngestReport:
    records = [] if jsonl is None else [sys.stdin.buffer if jsonl == "-" else Path(jsonl)]
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    async with open_database(settings, command="parley ingest", exclusive=False) as engine:
        if settings.embedded:
            await migrate(engine)
        encoder = load_encoder(settings)
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Reading …", total=None)

            def show(step: Step) -> None:
                bar.update(task, description=f"{step.documents} documents, {step.chunks} passages · {step.path[-60:]}")

            return await ingest(
                async_sessionmaker(engine, expire_on_commit=False),
                encoder,
                settings.knowledge,
                site=site,
                paths=paths,
                records=records,
                exclude=exclude,
                progress=show,
            )


def _name(what: str, documents: list[tuple[str, str]]) -> None:
    for path, reason in documents[:SHOWN]:
        print(f"{what}: {path}: {reason}", file=sys.stderr)
    if len(documents) > SHOWN:
        print(f"{what}: and {len(documents) - SHOWN} more.", file=sys.stderr)
