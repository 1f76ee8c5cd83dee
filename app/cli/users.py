"""`parley user …`: people who may sign in."""

import getpass
import sys
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.cli.run import run, settings_for, used_wrongly
from app.db.engine import open_database
from app.db.migrate import migrate
from app.db.sites import ensure_site
from app.members.visitors import add_visitor
from app.settings import Settings

users = typer.Typer(help="People who may sign in.", no_args_is_help=True)


@users.callback()
def _users() -> None:
    """Keep `add` a command of its own: Typer would fold a single one into its group."""


@users.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The name to sign in with, such as an e-mail address.")],
    site: Annotated[str, typer.Option(help="Site of the account.")] = "default",
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
) -> None:
    """Add an account, or give an existing one a new password."""
    settings = settings_for()
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask_password()
    run(_add(settings, site, name, password))
    print(f"{name} can sign in to site {site}.")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        used_wrongly("Give the password on standard input with --password-stdin.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        used_wrongly("The two passwords differ; try again.")
    return password


async def _add(settings: Settings, site_name: str, name: str, password: str) -> None:
    async with open_database(settings, command="parley user add", exclusive=False) as engine:
        if settings.embedded:
            await migrate(engine)
        async with async_sessionmaker(engine, expire_on_commit=False).begin() as session:
            site = await ensure_site(session, site_name)
            await add_visitor(session, site, name, password)
