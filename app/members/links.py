"""One-time links: who opens one chooses a password."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.keys import new_token, token_hash
from app.db.member_links import drop_links, find_link, keep_link, use_link
from app.db.members import has_admin, hold_first_admin
from app.db.tables import MemberLink
from app.members.people import add, set_password
from graph.errors import VisitorError

Purpose = Literal["first_admin", "invite", "password"]
LASTS = {"first_admin": timedelta(hours=24), "invite": timedelta(days=7), "password": timedelta(hours=24)}
"""How long a link of each purpose can be used."""


class LinkRefused(VisitorError):
    """This link was used before, or its time is over. Ask an admin for a new one."""


async def new_link(session: AsyncSession, purpose: Purpose, member_id: UUID | None = None) -> str:
    """Make a link and return its path. It is known only now: what is stored is a hash."""
    token = new_token()
    await keep_link(session, token_hash(token), purpose, member_id, LASTS[purpose])
    return f"/staff/{'password' if purpose == 'password' else 'welcome'}/{token}"


async def first_link(session: AsyncSession) -> str | None:
    """The path of a new link for the first admin; None when there is an admin."""
    return None if await has_admin(session) else await new_link(session, "first_admin")


async def open_link(session: AsyncSession, token: str) -> MemberLink:
    """Look at a link without using it up.

    Raises:
        LinkRefused: it cannot be used, or not any more.
    """
    link = await find_link(session, token_hash(token))
    if link is None:
        raise LinkRefused
    return link


async def use_for_first_admin(session: AsyncSession, token: str, email: str, name: str, password_hash: str) -> UUID:
    """Make the first admin, and all other links for one useless; return the id.

    Raises:
        LinkRefused: the link cannot be used any more, or somebody else was quicker.
        MemberRefused: the address cannot be one.
    """
    await hold_first_admin(session)
    if await has_admin(session) or not await use_link(session, token_hash(token)):
        raise LinkRefused("Somebody has become the first admin already. Ask them to invite you.")
    member_id = await add(session, email, name, "admin")
    await set_password(session, member_id, password_hash)
    await drop_links(session, member_id=None)
    return member_id


async def use_for_password(session: AsyncSession, token: str, member_id: UUID, password_hash: str) -> None:
    """Set the password of the member whom a link was made for.

    Raises:
        LinkRefused: the link cannot be used any more.
    """
    if not await use_link(session, token_hash(token)):
        raise LinkRefused
    await set_password(session, member_id, password_hash)
