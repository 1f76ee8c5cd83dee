"""`parley token …`: service tokens, which programs show to use the API."""

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.keys import new_token, token_hash
from app.api.v1.tokens import PREFIX, SCOPES
from app.cli.run import CommandFailed, on_database, run, settings_for, used_wrongly
from app.db.service_tokens import add_token, list_tokens, revoke_token
from app.db.sites import site_by_name
from app.db.tables import ServiceToken
from graph.errors import UnknownSite

tokens = typer.Typer(help="Service tokens, which programs show to use the API.", no_args_is_help=True)

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LASTS = re.compile(r"(\d{1,5})([hdw])")


@tokens.command("add")
def add(
    name: Annotated[str, typer.Option(help="What the token is for, so that people know later.")],
    site: Annotated[str, typer.Option(help="Site that the token is for.")] = "default",
    scope: Annotated[
        list[str] | None, typer.Option(help="`chat` or `embeddings`; may be given again. Unset: chat.")
    ] = None,
    per_minute: Annotated[int, typer.Option(min=1, max=1_000_000, help="Requests a minute at most.")] = 60,
    per_day: Annotated[int, typer.Option(min=1, max=1_000_000_000, help="Requests a day (UTC) at most.")] = 10_000,
    expires: Annotated[str, typer.Option(help="How long it lasts: 12h, 90d, 52w, or `never`.")] = "90d",
) -> None:
    """Make a token and print it. It is shown only this once: what is stored is its hash."""
    scopes = scope or ["chat"]
    if unknown := set(scopes) - SCOPES:
        used_wrongly(f"There is no scope {min(unknown)!r}; there are {' and '.join(sorted(SCOPES))}.")
    expires_at = _end(expires)
    token = new_token(PREFIX)

    async def work(session: AsyncSession) -> UUID:
        found = await site_by_name(session, site)
        if found is None:
            raise UnknownSite(f"There is no site {site}; `parley site list` shows those there are.")
        return await add_token(
            session,
            site_id=found.id,
            name=name,
            token_hash=token_hash(token),
            scopes=scopes,
            per_minute=per_minute,
            per_day=per_day,
            expires_at=expires_at,
        )

    made = run(on_database(settings_for(), "parley token add", work))
    until = f"until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "until it is revoked"
    print(f"Token {made} of site {site} is good {until}. It is shown only this once:", file=sys.stderr)
    print(token)


@tokens.command("list")
def list_(site: Annotated[str | None, typer.Option(help="Only those of this site.")] = None) -> None:
    """List the tokens: id, site, name, scopes, limits, last use, state."""

    async def work(session: AsyncSession) -> list[tuple[ServiceToken, str]]:
        return await list_tokens(session, site)

    now = datetime.now(UTC)
    for token, site_name in run(on_database(settings_for(), "parley token list", work)):
        used = f"used {token.used_at:%Y-%m-%d %H:%M}" if token.used_at else "never used"
        limits = f"{token.per_minute} a minute, {token.per_day} a day"
        print(
            f"{token.id}  {site_name}  {token.name}  {'+'.join(token.scopes)}  {limits}  {used}  {_state(token, now)}"
        )


@tokens.command("revoke")
def revoke(token: Annotated[str, typer.Argument(help="The token's id, as `parley token list` shows it.")]) -> None:
    """Let a token be good for nothing from now on."""
    try:
        token_id = UUID(token)
    except ValueError:
        used_wrongly("Give the token's id, as `parley token list` shows it.")

    async def work(session: AsyncSession) -> bool:
        return await revoke_token(session, token_id)

    if not run(on_database(settings_for(), "parley token revoke", work)):
        raise CommandFailed(f"There is no token {token_id}; `parley token list` shows those there are.")
    print(f"Revoked the token {token_id}.")


def _end(lasts: str) -> datetime | None:
    if lasts == "never":
        return None
    match = _LASTS.fullmatch(lasts)
    if match is None or int(match[1]) == 0:
        used_wrongly("Say how long the token lasts as 12h, 90d, 52w, or `never`.")
    return datetime.now(UTC) + int(match[1]) * _UNITS[match[2]]


def _state(token: ServiceToken, now: datetime) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if token.expires_at is None:
        return "does not expire"
    return f"{'expired' if token.expires_at <= now else 'expires'} {token.expires_at:%Y-%m-%d}"
