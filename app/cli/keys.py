"""`parley keys …`: the keys that personal data is encrypted with."""

import getpass
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.cli.run import run, settings_for, used_wrongly
from app.db.audit import record
from app.db.engine import open_database
from app.db.migrate import migrate
from app.secret import secret_of
from app.settings import Settings
from app.vault.master import FileMaster, Master
from app.vault.open import master_of, open_vault
from app.vault.rotation import key_status, rotate

Result = TypeVar("Result")
Sessions = async_sessionmaker[AsyncSession]

keys = typer.Typer(help="The keys that personal data is encrypted with.", no_args_is_help=True)


@keys.command("status")
def status() -> None:
    """Show which master key is in use, and which wraps the keys of each site."""

    async def work(sessions: Sessions, master: Master) -> None:
        print(f"Master key: {master.name}")
        async with sessions() as session:
            for site in await key_status(session):
                print(
                    f"{site.site:24} {site.visitors} visitors, wrapped by {', '.join(site.masters) or '(nothing yet)'}"
                )

    run(with_vault(settings_for(), "parley keys status", work))


@keys.command("rotate")
def rotate_command(
    new_master: Annotated[bool, typer.Option("--master", help="Begin with a new master key in its file, too.")] = False,
) -> None:
    """Make new keys for all sites and wrap all visitors' keys with them, while Parley runs."""
    settings = settings_for()

    async def work(sessions: Sessions, master: Master) -> int:
        done = await renew(sessions, master)
        async with sessions.begin() as session:
            what = "rotate master key" if new_master else "rotate keys"
            details = {"visitors": done, "master": master.name}
            await record(session, secret_of(settings), actor=operator(), action=what, subject="all", details=details)
        return done

    async def renew(sessions: Sessions, master: Master) -> int:
        if not new_master:
            return await rotate(sessions)
        if not isinstance(master, FileMaster):
            used_wrongly("Only a master key in a file is renewed with --master; see docs/operations.md for the others.")
        master.begin_with_new_key()
        done = await rotate(sessions)
        master.forget_old_keys()
        return done

    done = run(with_vault(settings, "parley keys rotate", work))
    print(f"Wrapped the keys of {done} visitors anew.")
    if new_master:
        print("The master key is another one now: make a backup of it, apart from the database's.")


def operator() -> str:
    """Who runs this command, for the audit log."""
    return f"operator {getpass.getuser()}"


async def with_vault(settings: Settings, command: str, work: Callable[[Sessions, Master], Awaitable[Result]]) -> Result:
    """Do a command's work with sessions that can read what is encrypted."""
    async with open_database(settings, command=command) as engine:
        if settings.embedded:
            await migrate(engine)
        master = await master_of(engine, settings, secret_of(settings))
        return await work(await open_vault(engine, master), master)
