"""Members of staff as they come, change and go. All of it works in a transaction of the caller's."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.attempts import unlock
from app.db.member_links import drop_links
from app.db.member_sessions import end_sessions
from app.db.members import add_member, change_member, set_sites
from app.db.sites import list_sites
from app.db.tables import Member
from app.members.passwords import PasswordRefused, acceptable
from graph.errors import ConfigError, UnknownSite

Role = Literal["staff", "admin"]
SHORTEST = 12
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class MemberRefused(ConfigError):
    """This member cannot be added."""


def actor(member_id: UUID) -> str:
    """A member in the audit log."""
    return f"member {member_id}"


def normal(email: str) -> str:
    """An e-mail address as it is stored and compared."""
    return email.strip().lower()


def chosen(password: str, email: str) -> str:
    """Return the password if a member may choose it.

    Raises:
        PasswordRefused: it is too short, too long, or too easily guessed.
    """
    acceptable(password, shortest=SHORTEST)
    if normal(password) in (email, email.partition("@")[0]) or len(set(password)) < 4:
        raise PasswordRefused("This password is too easily guessed; choose another one.")
    return password


def state_of(member: Member) -> str:
    """In a word or three, whether a member can sign in."""
    if member.disabled:
        return "disabled"
    if member.locked_until and member.locked_until > datetime.now(UTC):
        return "locked"
    return "active" if member.password_hash else "no password yet"


async def add(session: AsyncSession, email: str, display_name: str, role: Role, sites: Sequence[str] = ()) -> UUID:
    """Add a member, who can sign in once a password is chosen or an OpenID provider vouches for them; return the id.

    Raises:
        MemberRefused: the address cannot be one, or is a member's already.
        UnknownSite: a site does not exist.
    """
    email = normal(email)
    if not _EMAIL.fullmatch(email) or len(email) > 200:
        raise MemberRefused("Write an e-mail address such as ada@example.com.")
    member_id = await add_member(session, email, " ".join(display_name.split())[:100] or email, role)
    if member_id is None:
        raise MemberRefused(f"{email} is a member already.")
    await place(session, member_id, role, sites)
    return member_id


async def place(session: AsyncSession, member_id: UUID, role: Role, sites: Sequence[str]) -> None:
    """Give a member a role and, to staff, their sites.

    Raises:
        UnknownSite: a site does not exist.
    """
    ids = {site.name: site.id for site in await list_sites(session)}
    if unknown := [name for name in sites if name not in ids]:
        raise UnknownSite(f"There is no site {unknown[0]}; `parley site list` shows those there are.")
    await change_member(session, member_id, role=role)
    await set_sites(session, member_id, [ids[name] for name in sites] if role == "staff" else [])


async def set_password(
    session: AsyncSession, member_id: UUID, password_hash: str, *, keep_session: UUID | None = None
) -> None:
    """Store a new password; sessions begun with the old one end, and so do links that would set another."""
    await change_member(session, member_id, password_hash=password_hash)
    await unlock(session, member_id)
    await end_sessions(session, member_id, but=keep_session)
    await drop_links(session, member_id=member_id)


async def disable(session: AsyncSession, member_id: UUID) -> None:
    """Shut a member out at once. Nothing of theirs is lost."""
    await change_member(session, member_id, disabled=True)
    await end_sessions(session, member_id)
    await drop_links(session, member_id=member_id)


async def enable(session: AsyncSession, member_id: UUID) -> None:
    """Let a member in again."""
    await change_member(session, member_id, disabled=False)
    await unlock(session, member_id)
