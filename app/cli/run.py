"""What every command does first: read the settings, write logs to standard error, run its coroutine."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Never, TypeVar

import typer

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


def used_wrongly(sentence: str) -> Never:
    """Leave with exit code 2 and a sentence that says what to do."""
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
