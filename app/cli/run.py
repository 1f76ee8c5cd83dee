"""What every command does first: read the settings, write logs to standard error, run its coroutine."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Never, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.engine import open_database
from app.db.migrate import migrate
from app.labels import LabelRefused, labels_in
from app.logs import configure_logs
from app.settings import Settings, load_settings
from graph.errors import ParleyError

Result = TypeVar("Result")


class CommandFailed(ParleyError):
    """The command could not do its work."""


def settings_for(*, quiet: bool = True) -> Settings:
    """Load the settings and set the logs up; `quiet` shows warnings only, for commands whose output is piped on.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    settings = load_settings()
    configure_logs(
        "warning" if quiet and settings.logs.level == "info" else settings.logs.level, settings.logs.json_lines
    )
    return settings


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's coroutine to its end."""
    return asyncio.run(work)


async def on_database(settings: Settings, command: str, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    """Do a command's work in one transaction of the database, which is brought up to date first if it is our own."""
    async with open_database(settings, command=command) as engine:
        if settings.embedded:
            await migrate(engine)
        async with async_sessionmaker(engine, expire_on_commit=False).begin() as session:
            return await work(session)


Labels = Annotated[str, typer.Option(help="Whose eyes it is seen with: a reader's labels, with commas between them.")]


def labels_given(text: str) -> frozenset[str]:
    """The labels of an option, which have commas between them."""
    try:
        return labels_in(text)
    except LabelRefused as refused:
        used_wrongly(str(refused))


def used_wrongly(sentence: str) -> Never:
    """Leave with exit code 2 and a sentence that says what to do."""
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
