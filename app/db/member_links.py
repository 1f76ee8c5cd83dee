"""One-time links: somebody who holds one may choose a password. Only their hashes are here."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import MemberLink


async def keep_link(
    session: AsyncSession, token_hash: bytes, purpose: str, member_id: UUID | None, lasts: timedelta
) -> None:
    """Store a link. It replaces the earlier ones of that member."""
    if member_id is not None:
        await session.execute(delete(MemberLink).where(MemberLink.member_id == member_id))
    await session.execute(
        insert(MemberLink).values(
            token_hash=token_hash, purpose=purpose, member_id=member_id, expires_at=func.now() + lasts
        )
    )


async def find_link(session: AsyncSession, token_hash: bytes) -> MemberLink | None:
    """Return the link of that hash if it can still be used."""
    return await session.scalar(
        select(MemberLink).where(
            MemberLink.token_hash == token_hash, MemberLink.used_at.is_(None), MemberLink.expires_at > func.now()
        )
    )


async def use_link(session: AsyncSession, token_hash: bytes) -> bool:
    """Use a link up; False when it was used before or its time is over."""
    used = await session.scalar(
        update(MemberLink)
        .where(MemberLink.token_hash == token_hash, MemberLink.used_at.is_(None), MemberLink.expires_at > func.now())
        .values(used_at=func.now())
        .returning(MemberLink.purpose)
    )
    return used is not None


async def drop_links(session: AsyncSession, *, member_id: UUID | None) -> None:
    """Make the links of a member useless, or without one those for the first admin."""
    whose = MemberLink.purpose == "first_admin" if member_id is None else MemberLink.member_id == member_id
    await session.execute(delete(MemberLink).where(whose, MemberLink.used_at.is_(None)))


async def forget_old_links(session: AsyncSession) -> None:
    """Remove the links that can no longer be used."""
    await session.execute(
        delete(MemberLink).where(or_(MemberLink.used_at.is_not(None), MemberLink.expires_at <= func.now()))
    )
