"""Removing one visitor with everything that hangs on them."""

from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import (
    Attachment,
    CachedAnswer,
    Citation,
    Conversation,
    Handover,
    Message,
    Pseudonym,
    Rate,
    Score,
    Span,
    ToolCall,
    Trace,
    Usage,
    User,
    VisitorKey,
)

_THREADS = text(
    "SELECT DISTINCT thread_id FROM checkpoints "
    "WHERE metadata->>'conversation_id' = ANY(CAST(:conversations AS text[]))"
)
_CHECKPOINTS = ("checkpoint_writes", "checkpoint_blobs", "checkpoints")


async def erase_user(session: AsyncSession, user_id: UUID) -> dict[str, int]:
    """Erase a visitor in one transaction, which the caller commits; return how much of each kind there was.

    Lines of the ledger stay, without the turn that they were for: they name no visitor.
    """
    # Nothing new of theirs can be begun from here on; a turn that is under way finds its answer gone.
    await session.execute(select(User.id).where(User.id == user_id).with_for_update())
    conversations = select(Conversation.id).where(Conversation.user_id == user_id)
    messages = select(Message.id).where(Message.conversation_id.in_(conversations))
    traces = select(Trace.id).where(Trace.conversation_id.in_(conversations))
    spans = select(Span.id).where(Span.trace_id.in_(traces))
    theirs = or_(
        Score.author_id == user_id, Score.message_id.in_(messages), Score.trace_id.in_(traces), Score.span_id.in_(spans)
    )
    limits = Rate.key.contains(str(user_id))
    hanging: dict[str, tuple[type, ColumnElement[bool]]] = {
        "conversations": (Conversation, Conversation.user_id == user_id),
        "messages": (Message, Message.conversation_id.in_(conversations)),
        "citations": (Citation, Citation.message_id.in_(messages)),
        "attachments": (Attachment, Attachment.conversation_id.in_(conversations)),
        "pseudonyms": (Pseudonym, Pseudonym.conversation_id.in_(conversations)),
        "handovers": (Handover, Handover.conversation_id.in_(conversations)),
        "tool_calls": (ToolCall, ToolCall.conversation_id.in_(conversations)),
        "traces": (Trace, Trace.conversation_id.in_(conversations)),
        "spans": (Span, Span.trace_id.in_(traces)),
        "scores": (Score, theirs),
        "cached_answers": (CachedAnswer, CachedAnswer.answer_id.in_(messages)),
        "limits": (Rate, limits),
        "keys": (VisitorKey, VisitorKey.user_id == user_id),
        "ledger_lines_made_anonymous": (Usage, Usage.trace_id.in_(traces)),
    }
    counts = {
        name: await session.scalar(select(func.count()).select_from(table).where(which)) or 0
        for name, (table, which) in hanging.items()
    }
    counts["checkpoints"] = await _erase_checkpoints(session, list(await session.scalars(conversations)))
    await session.execute(delete(Score).where(theirs))
    await session.execute(delete(Rate).where(limits))
    await session.execute(delete(User).where(User.id == user_id))  # all else goes with it
    return counts


async def _erase_checkpoints(session: AsyncSession, conversations: list[UUID]) -> int:
    """Remove what the graph saved of their turns: of those under way, and of those whose process died."""
    found = await session.scalars(_THREADS, {"conversations": [str(id_) for id_ in conversations]})
    threads = list(found)
    for table in _CHECKPOINTS:
        await session.execute(
            text(f"DELETE FROM {table} WHERE thread_id = ANY(CAST(:threads AS text[]))"),  # noqa: S608 - constants of this module
            {"threads": threads},
        )
    return len(threads)
