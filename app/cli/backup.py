"""`parley backup` and `parley restore`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.backup import KEYS, back_up, restore
from app.cli.run import run, settings_for
from app.db.engine import open_database
from app.settings import Settings


def backup_command(
    folder: Annotated[Path, typer.Argument(help="Where the files are written; keep it on another machine.")],
    keys: Annotated[
        bool, typer.Option("--keys", help="After an erasure: only make the copy of the keys anew.")
    ] = False,
) -> None:
    """Back the database up while Parley runs: a new file each time, and one copy of the visitors' keys, replaced."""
    settings = settings_for()

    async def work() -> list[Path]:
        async with open_database(settings, command="parley backup") as engine:
            return await back_up(engine, folder, keys_alone=keys)

    for file in run(work()):
        print(file)
    _keep_apart(settings)


def restore_command(
    dump: Annotated[Path, typer.Argument(help="The file of a backup.")],
    keys: Annotated[
        Path | None, typer.Option(help=f"The newest copy of the keys. Default: {KEYS} beside the backup.")
    ] = None,
) -> None:
    """Fill an empty database from a backup."""
    settings = settings_for()

    async def work() -> None:
        async with open_database(settings, command="parley restore", exclusive=True) as engine:
            await restore(engine, dump, keys or dump.with_name(KEYS))

    run(work())
    print("The database is restored; run `parley migrate` if this is a newer version of Parley.")


def _keep_apart(settings: Settings) -> None:
    """Say what a backup does not hold, and without which it cannot be read."""
    secret = "PARLEY_SECRET" if settings.secret else f"the file secret in {settings.home}"
    print(
        f"It is read with {secret} and the master key (`parley keys status`): keep these apart from it.",
        file=sys.stderr,
    )
