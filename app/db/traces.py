"""Traces and the spans of their steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Span, Trace
from graph.context import IntentGuess
from graph.events import Step


@dataclass(frozen=True, slots=True)
class TurnTrace:
    """One turn as it went. `outcome` is the status of its answer."""

    id: UUID
    site_id: int
    conversation_id: UUID
    message_id: UUID
    started_at: datetime
    duration_ms: float
    outcome: str
    intent: IntentGuess | None
    details: dict[str, Any]
    steps: Sequence[tuple[datetime, Step]]


async def store_trace(session: AsyncSession, trace: TurnTrace) -> None:
    """Store a turn's trace and its spans."""
    await session.execute(
        insert(Trace).values(
            id=trace.id,
            site_id=trace.site_id,
            conversation_id=trace.conversation_id,
            message_id=trace.message_id,
            started_at=trace.started_at,
            duration_ms=trace.duration_ms,
            outcome=trace.outcome,
            intent=trace.intent and trace.intent.name,
            intent_score=trace.intent and trace.intent.score,
            details=trace.details,
        )
    )
    if trace.steps:
        await session.execute(
            insert(Span),
            [
                {
                    "site_id": trace.site_id,
                    "trace_id": trace.id,
                    "name": step.name,
                    "detail": step.detail,
                    "started_at": ended_at - timedelta(milliseconds=step.duration_ms),
                    "duration_ms": step.duration_ms,
                }
                for ended_at, step in trace.steps
            ],
        )


async def answer_of_trace(session: AsyncSession, site_id: int, trace_id: UUID) -> UUID | None:
    """The answer of a turn of this site; None if there is no such turn, or no such answer any more."""
    return await session.scalar(select(Trace.message_id).where(Trace.id == trace_id, Trace.site_id == site_id))
