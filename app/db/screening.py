"""What the screen for injected instructions made of a site's messages, and what staff say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.sealed import opened
from app.db.tables import Message, Score, Trace

FALSE_ALARM = "false_alarm"
"""Name of the score by which staff judge a screening: 1 for a false alarm, 0 for an attack."""
Attention = Literal["blocked", "only_noted", "file", "leak", "contained"]
"""Why staff should look at a turn: it was refused, or would have been; a file that came with it seems to instruct; its
answer repeated the instructions; or a tool was not called because a text that seems to instruct may have made the model
call it."""


@dataclass(frozen=True, slots=True)
class Screened:
    """A turn that staff should look at.

    Attributes:
        said: the visitor's message, with pseudonyms; None when it is there no more.
        false_alarm: what staff said of the turn, if they did.
    """

    trace_id: UUID
    conversation_id: UUID
    message_id: UUID | None
    at: datetime
    attention: Attention
    score: float | None
    reason: str | None
    said: str | None
    false_alarm: bool | None


async def needing_attention(
    session: AsyncSession, site_id: int, *, before: datetime | None = None, limit: int = 100
) -> list[Screened]:
    """Return the turns of a site that staff should look at, the newest first."""
    finding, answer, asked = Trace.details["injection"], aliased(Message), aliased(Message)
    query = (
        select(
            Trace,
            asked,
            finding["score"].as_float(),
            finding["reason"].astext,
            Score.value,
        )
        .outerjoin(Score, _label())
        .outerjoin(answer, answer.id == Trace.message_id)
        .outerjoin(asked, asked.id == answer.reply_to)
        .where(Trace.site_id == site_id, Trace.details.has_key("attention"))
    )
    if before is not None:
        query = query.where(Trace.started_at < before)
    rows = (await session.execute(query.order_by(Trace.started_at.desc(), Trace.id).limit(limit))).all()
    await opened(session, [message for _, message, *_ in rows if message])
    return [
        Screened(
            trace_id=trace.id,
            conversation_id=trace.conversation_id,
            message_id=trace.message_id,
            at=trace.started_at,
            attention=trace.details["attention"],
            score=score,
            reason=reason,
            said=message.text if message else None,
            false_alarm=None if label is None else label == 1,
        )
        for trace, message, score, reason, label in rows
    ]


async def label_screening(session: AsyncSession, site_id: int, trace_id: UUID, *, false_alarm: bool) -> bool:
    """Store what staff say of a turn's screening, in place of what was said before; False if it was not screened."""
    screened = await session.scalar(
        select(Trace.id)
        .where(Trace.id == trace_id, Trace.site_id == site_id, Trace.details.has_key("injection"))
        .with_for_update()
    )
    if screened is None:
        return False
    await session.execute(
        delete(Score).where(Score.trace_id == trace_id, Score.source == "staff", Score.name == FALSE_ALARM)
    )
    await session.execute(
        insert(Score).values(
            site_id=site_id, trace_id=trace_id, source="staff", name=FALSE_ALARM, value=float(false_alarm)
        )
    )
    return True


async def harmless_scores(session: AsyncSession, site_id: int, *, since: datetime) -> Sequence[float]:
    """Return the scores of a site's messages that count as harmless.

    Those that gave staff no reason to look, or were only noted, unless staff called them attacks, and those that staff
    called false alarms.
    """
    attention = Trace.details["attention"].astext
    unobtrusive = attention.is_(None) | (attention == "only_noted")
    rows = await session.scalars(
        select(Trace.details["injection"]["score"].as_float())
        .outerjoin(Score, _label())
        .where(
            Trace.site_id == site_id,
            Trace.started_at >= since,
            Trace.details.has_key("injection"),
            (unobtrusive & Score.value.is_distinct_from(0.0)) | (Score.value == 1.0),
        )
    )
    return rows.all()


def _label() -> ColumnElement[bool]:
    return (Score.trace_id == Trace.id) & (Score.source == "staff") & (Score.name == FALSE_ALARM)
