"""Browsers in which members are signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Member, MemberSession

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)
"""How often it is written down at most that a session is used."""
FORGOTTEN_AFTER = timedelta(days=30)

_READ = text("""
    SELECT s.id, s.second_factor, s.seen_at < now() - CAST(:seen_every AS interval) AS stale,
        m.id AS member_id, m.role, m.totp_secret IS NOT NULL AS has_second_factor,
        ARRAY(SELECT site_id FROM memberships WHERE member_id = m.id) AS site_ids,
        EXISTS (
            SELECT 1 FROM sites
            WHERE config @> '{"second_factor": true}'
            AND (m.role = 'admin' OR id IN (SELECT site_id FROM memberships WHERE member_id = m.id))
        ) AS wants_second_factor
    FROM member_sessions s JOIN members m ON m.id = s.member_id
    WHERE s.token_hash = :token_hash AND s.ended_at IS NULL AND s.expires_at > now()
    AND s.seen_at > now() - CAST(:idle AS interval) AND NOT m.disabled
""")


@dataclass(frozen=True, slots=True)
class Found:
    """A session that is good, and what decides how far it lets somebody in."""

    id: UUID
    member_id: UUID
    role: str
    site_ids: frozenset[int]
    second_factor: bool
    has_second_factor: bool
    wants_second_factor: bool


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A line of the list of sessions."""

    id: UUID
    member_id: UUID
    email: str
    method: str
    browser: str
    address: str
    created_at: datetime
    seen_at: datetime


async def start_session(
    session: AsyncSession, member_id: UUID, token_hash: bytes, *, method: str, browser: str, address: str
) -> UUID:
    """Store a session and return its id."""
    made: UUID = (
        await session.execute(
            insert(MemberSession)
            .values(
                member_id=member_id,
                token_hash=token_hash,
                method=method,
                browser=browser,
                address=address,
                expires_at=func.now() + LONGEST,
            )
            .returning(MemberSession.id)
        )
    ).scalar_one()
    return made


async def find_session(session: AsyncSession, token_hash: bytes) -> Found | None:
    """Return the session of that hash if it is still good, and write down that it is used."""
    values = {"token_hash": token_hash, "seen_every": SEEN_EVERY, "idle": IDLE}
    row = (await session.execute(_READ, values)).one_or_none()
    if row is None:
        return None
    if row.stale:
        stale = MemberSession.seen_at < func.now() - SEEN_EVERY
        await session.execute(update(MemberSession).where(MemberSession.id == row.id, stale).values(seen_at=func.now()))
    return Found(
        id=row.id,
        member_id=row.member_id,
        role=row.role,
        site_ids=frozenset(row.site_ids),
        second_factor=row.second_factor,
        has_second_factor=row.has_second_factor,
        wants_second_factor=row.wants_second_factor,
    )


async def pass_second_factor(session: AsyncSession, session_id: UUID, token_hash: bytes) -> None:
    """Mark a session as one with a second factor, under a new token: the old one was less."""
    await session.execute(
        update(MemberSession).where(MemberSession.id == session_id).values(second_factor=True, token_hash=token_hash)
    )


async def open_sessions(session: AsyncSession, member_id: UUID | None = None) -> list[OpenSession]:
    """The sessions that are good, of a member or of everybody; those used last come first."""
    query = (
        select(MemberSession, Member.email)
        .join(Member, Member.id == MemberSession.member_id)
        .where(
            MemberSession.ended_at.is_(None),
            MemberSession.expires_at > func.now(),
            MemberSession.seen_at > func.now() - IDLE,
            Member.disabled.is_(False),
        )
        .order_by(MemberSession.seen_at.desc())
    )
    if member_id is not None:
        query = query.where(MemberSession.member_id == member_id)
    return [
        OpenSession(s.id, s.member_id, email, s.method, s.browser, s.address, s.created_at, s.seen_at)
        for s, email in await session.execute(query)
    ]


async def end_session(session: AsyncSession, session_id: UUID, *, member_id: UUID | None = None) -> bool:
    """End one session, with a member only if it is theirs; False when there is none that is open."""
    query = update(MemberSession).where(MemberSession.id == session_id, MemberSession.ended_at.is_(None))
    if member_id is not None:
        query = query.where(MemberSession.member_id == member_id)
    return await session.scalar(query.values(ended_at=func.now()).returning(MemberSession.id)) is not None


async def end_sessions(session: AsyncSession, member_id: UUID, *, but: UUID | None = None) -> int:
    """End the sessions of a member, all but one if that is named; return how many there were."""
    query = update(MemberSession).where(MemberSession.member_id == member_id, MemberSession.ended_at.is_(None))
    if but is not None:
        query = query.where(MemberSession.id != but)
    return len((await session.scalars(query.values(ended_at=func.now()).returning(MemberSession.id))).all())


async def forget_old_sessions(session: AsyncSession) -> None:
    """Remove the sessions that ended a month ago: by sign-out, by an admin or by their time."""
    ended = func.coalesce(MemberSession.ended_at, MemberSession.expires_at)
    await session.execute(delete(MemberSession).where(ended < func.now() - FORGOTTEN_AFTER))
