"""`parley erase` and `parley export`: one visitor's data."""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.keys import Sessions, operator, with_vault
from app.cli.run import run, settings_for, used_wrongly
from app.db.tables import User
from app.erasing import erase, export, visitor_of
from app.secret import secret_of
from app.vault.master import Master

Visitor = Annotated[
    str, typer.Option(help="The visitor: the name they sign in with, what the host calls them, or their id.")
]
Site = Annotated[str, typer.Option(help="Site of the visitor.")]
Work = Callable[[AsyncSession, bytes, User, str], Awaitable[dict[str, Any]]]


def erase_command(
    visitor: Visitor,
    site: Site = "default",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a visitor with all that is stored of them, and print a certificate as JSON. This cannot be undone."""
    if not yes:
        if not sys.stdin.isatty():
            used_wrongly("Erasing cannot be undone; say --yes.")
        print(f"Erase everything of {visitor} at the site {site}? [y/N] ", end="", file=sys.stderr, flush=True)
        if input().strip().lower() not in ("y", "yes"):  # typer's own question writes into the certificate
            raise typer.Abort

    async def work(session: AsyncSession, secret: bytes, user: User, actor: str) -> dict[str, Any]:
        return await erase(session, secret, user, actor=actor)

    _print("parley erase", site, visitor, work)


def export_command(visitor: Visitor, site: Site = "default") -> None:
    """Print everything that is stored of a visitor as JSON, in their own words."""

    async def work(session: AsyncSession, secret: bytes, user: User, actor: str) -> dict[str, Any]:
        return await export(session, secret, user, actor=actor)

    _print("parley export", site, visitor, work)


def _print(command: str, site: str, visitor: str, work: Work) -> None:
    settings = settings_for()

    async def on(sessions: Sessions, _: Master) -> dict[str, Any]:
        async with sessions.begin() as session:
            user = await visitor_of(session, site, visitor)
            return await work(session, secret_of(settings), user, operator())

    print(json.dumps(run(with_vault(settings, command, on)), indent=2, ensure_ascii=False))
