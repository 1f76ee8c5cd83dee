"""Sessions of members: a secret in a cookie, and how far it lets its bearer in."""

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.keys import new_token, token_hash
from app.access.principal import Principal
from app.db.audit import record
from app.db.member_sessions import Found, find_session, pass_second_factor, start_session
from app.members.people import actor

if TYPE_CHECKING:  # takes a second to import, which the commands do without
    from app.wiring import Services

log = logging.getLogger(__name__)

Method = Literal["password", "openid", "link"]
Stage = Literal["in", "code", "set-up"]
_TOKEN = re.compile(r"[\w-]{43}")
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A member in a browser.

    Attributes:
        stage: `in`, or what is missing before that: a `code` of the second factor, or to `set-up` one.
    """

    session_id: UUID
    member_id: UUID
    principal: Principal
    stage: Stage


async def member_of(services: "Services", token: str) -> Principal | None:
    """Return who shows this cookie; None when it is unknown or over, or when a second factor is still missing."""
    found = await signed_in(services, token)
    return found.principal if found and found.stage == "in" else None


async def signed_in(services: "Services", token: str) -> SignedIn | None:
    """Return who shows this cookie, even when a second factor is still missing; None when it is unknown or over."""
    if not _TOKEN.fullmatch(token):
        return None
    async with services.sessions.begin() as session:
        found = await find_session(session, token_hash(token))
    if found is None:
        return None
    admin = found.role == "admin"
    principal = Principal(
        kind="admin" if admin else "staff",
        id=found.member_id,
        site_ids=None if admin else found.site_ids,
        session_id=found.id,
    )
    return SignedIn(found.id, found.member_id, principal, _stage(found))


async def start(session: AsyncSession, member_id: UUID, *, method: Method, agent: str, address: str) -> str:
    """Begin a session and return the secret for its cookie.

    Args:
        agent: what the browser calls itself; only a short description is kept.
        address: the network address that it comes from.
    """
    token = new_token()
    session_id = await start_session(
        session, member_id, token_hash(token), method=method, browser=described(agent), address=address[:64]
    )
    log.info("a member signed in", extra={"member": member_id, "session": session_id, "method": method})
    return token


async def keep_sign_in(session: AsyncSession, secret: bytes, member_id: UUID, method: Method) -> None:
    """Put a sign-in into the audit log, as the last thing in its transaction: the log has one writer at a time."""
    who = actor(member_id)
    await record(session, secret, actor=who, action="sign in", subject=who, details={"method": method})


async def raise_session(session: AsyncSession, session_id: UUID) -> str:
    """Mark a session as one with a second factor and return the new secret for its cookie."""
    token = new_token()
    await pass_second_factor(session, session_id, token_hash(token))
    return token


def described(agent: str) -> str:
    """A browser in two words, such as `Firefox on Linux`."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "A browser")
    system = next((name for sign, name in _SYSTEMS if sign in agent), None)
    return f"{browser} on {system}" if system else browser


def _stage(found: Found) -> Stage:
    if found.has_second_factor:
        return "in" if found.second_factor else "code"
    return "set-up" if found.wants_second_factor else "in"
