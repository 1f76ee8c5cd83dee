"""`parley retention`: what is older than its site keeps it."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.cli.keys import operator
from app.cli.run import run, settings_for, used_wrongly
from app.db.engine import open_database
from app.db.migrate import migrate
from app.retention import Counts, enforce, overdue
from app.secret import secret_of
from app.settings import Settings

retention = typer.Typer(help="Remove what is older than its site keeps it.", invoke_without_command=True)


@retention.callback()
def retention_command(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would go, and change nothing.")] = False,
) -> None:
    """Remove what is older than its site keeps it; the worker does this every hour."""
    if context.invoked_subcommand is not None:
        if dry_run:
            used_wrongly("Say either `parley retention --dry-run` or `parley retention run`.")
        return
    if not dry_run:
        used_wrongly("Say --dry-run to see what would go, or `parley retention run` to remove it.")
    _print(run(_on(settings_for(), change=False)), "would go")


@retention.command("run")
def run_command() -> None:
    """Remove what is older than its site keeps it, now and all of it."""
    _print(run(_on(settings_for(), change=True)), "removed")


async def _on(settings: Settings, *, change: bool) -> Counts:
    async with open_database(settings, command="parley retention") as engine:
        if settings.embedded:
            await migrate(engine)
        sessions = async_sessionmaker[AsyncSession](engine, expire_on_commit=False)
        now = datetime.now(UTC)
        if not change:
            return await overdue(sessions, now)
        everything: Counts = {}
        while gone := await enforce(sessions, secret_of(settings), now, actor=operator()):
            for site, kinds in gone.items():
                of = everything.setdefault(site, {})
                for kind, count in kinds.items():
                    of[kind] = of.get(kind, 0) + count
        return everything


def _print(counts: Counts, what: str) -> None:
    for site, kinds in counts.items():
        for kind, count in kinds.items():
            print(f"{site:24} {kind:14} {count:9} {what}")
    if not counts:
        print("Nothing is older than its site keeps it.")
