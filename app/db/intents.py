"""Versions of a site's intents, and what staff corrected."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer

from app.db.listen import tell
from app.db.sealed import opened
from app.db.sites import CHANGED
from app.db.tables import IntentCorrection, IntentVersion, Message, Site, Trace


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction as it was stored."""

    trace_id: UUID
    taken_for: str
    intent: str


async def intent_version(session: AsyncSession, site_id: int, number: int) -> IntentVersion | None:
    """Return a version of a site's intents, with its head."""
    return await session.get(IntentVersion, (site_id, number))


async def intent_versions(session: AsyncSession, site_id: int) -> list[IntentVersion]:
    """Return all versions of a site's intents, the newest first, without their heads."""
    heavy = (defer(IntentVersion.head), defer(IntentVersion.content), defer(IntentVersion.held_out))
    query = select(IntentVersion).options(*heavy).where(IntentVersion.site_id == site_id)
    return list(await session.scalars(query.order_by(IntentVersion.number.desc())))


async def intents_in_use(session: AsyncSession, site_id: int) -> dict[str, Any] | None:
    """Return the intents that a site uses, as they were written; None where it has none of its own."""
    return await session.scalar(
        select(IntentVersion.content)
        .join(Site, Site.id == IntentVersion.site_id)
        .where(Site.id == site_id, IntentVersion.number == Site.intents_version)
    )


async def add_intent_version(session: AsyncSession, site_id: int, **values: Any) -> int:
    """Store a version of a site's intents; return its number, one above the last."""
    await session.execute(select(Site.id).where(Site.id == site_id).with_for_update())
    last = select(func.coalesce(func.max(IntentVersion.number), 0)).where(IntentVersion.site_id == site_id)
    number = (await session.scalar(last) or 0) + 1
    await session.execute(insert(IntentVersion).values(site_id=site_id, number=number, **values))
    return number


async def use_intents(session: AsyncSession, site_id: int, number: int | None) -> None:
    """Have a site use a version of its intents, or the starter set, and tell all processes."""
    name = await session.scalar(
        update(Site).where(Site.id == site_id).values(intents_version=number).returning(Site.name)
    )
    if name is not None:
        await tell(session, CHANGED, name)


async def correct_intent(
    session: AsyncSession, site_id: int, trace_id: UUID, intent: str, member_id: UUID | None = None
) -> Corrected | None:
    """Store what a turn's message wanted, in place of an earlier correction.

    Returns:
        None, and nothing is stored, when the site has no such turn, or it was blocked before its intent was guessed.
    """
    answer = aliased(Message)
    found = (
        await session.execute(
            select(Trace.intent, answer.reply_to)
            .join(answer, answer.id == Trace.message_id)
            .where(Trace.id == trace_id, Trace.site_id == site_id)
        )
    ).one_or_none()
    if found is None or found.intent is None or found.reply_to is None:
        return None
    new = {"intent": intent, "member_id": member_id, "created_at": func.now()}
    await session.execute(
        insert(IntentCorrection)
        .values(site_id=site_id, trace_id=trace_id, message_id=found.reply_to, taken_for=found.intent, **new)
        .on_conflict_do_update(index_elements=[IntentCorrection.trace_id], set_=new)
    )
    return Corrected(trace_id, found.intent, intent)


async def corrections(session: AsyncSession, site_id: int) -> Sequence[tuple[str, str]]:
    """Return what staff corrected: the message, with its pseudonyms, and what it wanted."""
    found = await session.execute(
        select(Message, IntentCorrection.intent)
        .join(IntentCorrection, IntentCorrection.message_id == Message.id)
        .where(IntentCorrection.site_id == site_id)
        .order_by(IntentCorrection.created_at, IntentCorrection.id)
    )
    rows = found.all()
    await opened(session, [row.Message for row in rows])
    return [(row.Message.text, row.intent) for row in rows]
