"""Counting and removing what is older than it may become, site by site and kind by kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Attachment, Base, Conversation, IntentCorrection, Score, Span, Trace, Usage, User
from app.db.users import GUEST


@dataclass(frozen=True, slots=True)
class _Kind:
    table: type[Base]
    key: ColumnElement[Any]
    age: ColumnElement[datetime]
    ripe: ColumnElement[bool] | None = None
    """What must hold beside the age."""


def _column(column: Any) -> ColumnElement[Any]:
    found: ColumnElement[Any] = column
    return found


_KINDS: Mapping[str, _Kind] = {
    # With messages, files, pseudonyms, ratings, traces and cached answers. Every message makes it young again.
    "conversations": _Kind(Conversation, _column(Conversation.id), _column(Conversation.updated_at)),
    "attachments": _Kind(Attachment, _column(Attachment.id), _column(Attachment.created_at)),
    # A turn that was stopped before it was judged is kept out of later prompts by its trace, and a correction is an
    # example for training: both go with their conversation.
    "traces": _Kind(
        Trace,
        _column(Trace.id),
        _column(Trace.started_at),
        Trace.intent.is_not(None) & ~select(IntentCorrection.id).where(IntentCorrection.trace_id == Trace.id).exists(),
    ),
    "scores": _Kind(Score, _column(Score.id), _column(Score.created_at)),
    "ledger": _Kind(Usage, _column(Usage.id), _column(Usage.created_at)),
    "guests": _Kind(
        User,
        _column(User.id),
        _column(User.created_at),
        User.identifier.startswith(GUEST, autoescape=True)
        & ~select(Conversation.id).where(Conversation.user_id == User.id).exists(),
    ),
}
KINDS = tuple(_KINDS)


async def count_old(session: AsyncSession, site_id: int, kind: str, before: datetime) -> int:
    """How much of a kind is older than it may become."""
    found = _KINDS[kind]
    return await session.scalar(select(func.count()).select_from(found.table).where(_old(kind, site_id, before))) or 0


async def remove_old(session: AsyncSession, site_id: int, kind: str, before: datetime, *, most: int) -> int:
    """Remove at most so much of a kind, the oldest first; return how much. The caller commits.

    Rows that somebody works with are passed over, so that any number of processes may do this at once.
    """
    found = _KINDS[kind]
    old = _old(kind, site_id, before)
    rows = await session.scalars(
        select(found.key)
        .select_from(found.table)
        .where(old)
        .order_by(found.age)
        .limit(most)
        .with_for_update(of=found.table, skip_locked=True)
    )
    keys = list(rows)
    if kind == "traces":
        await _keep_scores(session, keys)
    # Asked once more, with the rows locked: a guest may have begun a conversation between the two statements.
    gone = await session.scalars(delete(found.table).where(found.key.in_(keys), old).returning(found.key))
    return len(gone.all())


def _old(kind: str, site_id: int, before: datetime) -> ColumnElement[bool]:
    found = _KINDS[kind]
    site: ColumnElement[int] = _column(found.table.__table__.c.site_id)
    old = (site == site_id) & (found.age < before)
    return old if found.ripe is None else old & found.ripe


async def _keep_scores(session: AsyncSession, traces: list[Any]) -> None:
    """Loosen judgements of answers from their traces: they have a time of their own."""
    spans = select(Span.id).where(Span.trace_id.in_(traces))
    await session.execute(
        update(Score)
        .where(Score.message_id.is_not(None), or_(Score.trace_id.in_(traces), Score.span_id.in_(spans)))
        .values(trace_id=None, span_id=None)
        .execution_options(synchronize_session=False)
    )
