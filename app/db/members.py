"""Members of staff: who they are and where they work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Member, MemberIdentity, Membership, Site

_FIRST_ADMIN = text("SELECT pg_advisory_xact_lock(hashtext('parley first admin'))")


@dataclass(frozen=True, slots=True)
class Listed:
    """A member with the names of the sites that they work for."""

    member: Member
    sites: tuple[str, ...]


async def find_member(session: AsyncSession, member_id: UUID) -> Member | None:
    """Return the member of that id, if there is one."""
    return await session.get(Member, member_id)


async def member_by_email(session: AsyncSession, email: str) -> Member | None:
    """Return the member of that address, which is in lower case, if there is one."""
    return await session.scalar(select(Member).where(Member.email == email))


async def member_by_identity(session: AsyncSession, issuer: str, subject: str) -> Member | None:
    """Return whom an OpenID provider knows under that name, if it is known here."""
    return await session.scalar(
        select(Member)
        .join(MemberIdentity, MemberIdentity.member_id == Member.id)
        .where(MemberIdentity.issuer == issuer, MemberIdentity.subject == subject)
    )


async def has_identity(session: AsyncSession, member_id: UUID, issuer: str) -> bool:
    """Whether a member is known to a provider already."""
    found = exists().where(MemberIdentity.member_id == member_id, MemberIdentity.issuer == issuer)
    return bool(await session.scalar(select(found)))


async def add_identity(session: AsyncSession, member_id: UUID, issuer: str, subject: str) -> None:
    """Remember under which name an OpenID provider knows a member."""
    await session.execute(
        insert(MemberIdentity).values(issuer=issuer, subject=subject, member_id=member_id).on_conflict_do_nothing()
    )


async def list_members(session: AsyncSession) -> list[Listed]:
    """All members by address."""
    names = (
        select(Membership.member_id, func.array_agg(Site.name).label("names"))
        .join(Site, Site.id == Membership.site_id)
        .group_by(Membership.member_id)
        .subquery()
    )
    rows = await session.execute(
        select(Member, names.c.names).outerjoin(names, names.c.member_id == Member.id).order_by(Member.email)
    )
    return [Listed(member, tuple(sorted(found or ()))) for member, found in rows]


async def sites_of(session: AsyncSession, member: Member) -> list[Site]:
    """The sites that a member may see, by name: all of them for an admin."""
    query = select(Site).order_by(Site.name)
    if member.role != "admin":
        query = query.join(Membership, Membership.site_id == Site.id).where(Membership.member_id == member.id)
    return list(await session.scalars(query))


async def add_member(session: AsyncSession, email: str, display_name: str, role: str) -> UUID | None:
    """Add a member who cannot sign in yet and return the id; None when the address is taken."""
    return await session.scalar(
        insert(Member)
        .values(email=email, display_name=display_name, role=role)
        .on_conflict_do_nothing()
        .returning(Member.id)
    )


async def set_sites(session: AsyncSession, member_id: UUID, site_ids: Sequence[int]) -> None:
    """Let a member work for these sites and no others."""
    await session.execute(
        delete(Membership).where(Membership.member_id == member_id, Membership.site_id.not_in(site_ids))
    )
    for site_id in site_ids:
        await session.execute(insert(Membership).values(member_id=member_id, site_id=site_id).on_conflict_do_nothing())


async def change_member(session: AsyncSession, member_id: UUID, **values: Any) -> None:
    """Set columns of a member."""
    await session.execute(update(Member).where(Member.id == member_id).values(**values))


async def confirm_password(session: AsyncSession, member_id: UUID, seen: str, newer: str | None) -> bool:
    """Forget the failures of a member whose hash was seen and proved right; False when it has changed meanwhile.

    `newer` is the same password's hash under newer parameters. Nobody sets another one until the transaction ends.
    """
    confirmed = await session.scalar(
        update(Member)
        .where(Member.id == member_id, Member.password_hash == seen, Member.disabled.is_(False))
        .values(failures=0, locked_until=None, password_hash=newer or seen)
        .returning(Member.id)
    )
    return confirmed is not None


async def use_step(session: AsyncSession, member_id: UUID, step: int) -> bool:
    """Mark the codes up to a step of time as used; False when one as late was used before."""
    used = await session.scalar(
        update(Member)
        .where(Member.id == member_id, or_(Member.totp_step.is_(None), Member.totp_step < step))
        .values(totp_step=step)
        .returning(Member.id)
    )
    return used is not None


async def has_admin(session: AsyncSession) -> bool:
    """Whether there is an admin."""
    return bool(await session.scalar(select(exists().where(Member.role == "admin"))))


async def hold_first_admin(session: AsyncSession) -> None:
    """Hold off everybody else who wants to become the first admin, until the transaction ends."""
    await session.execute(_FIRST_ADMIN)
