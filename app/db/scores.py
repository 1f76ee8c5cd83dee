"""Scores that visitors give to answers."""

from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.cache import forget_answer
from app.db.sealed import writer
from app.db.tables import Conversation, Message, Score, Trace

HELPFUL = "helpful"
"""Name of the score behind the thumbs: 1 for up, 0 for down."""


async def conversation_of_answer(session: AsyncSession, user_id: UUID, answer_id: UUID) -> UUID | None:
    """The conversation of an answer, if the answer stands in one of this user's."""
    return await session.scalar(
        select(Message.conversation_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.id == answer_id, Message.role == "assistant", Conversation.user_id == user_id)
    )


async def rate(session: AsyncSession, user_id: UUID, answer_id: UUID, value: float, comment: str | None) -> UUID | None:
    """Store a visitor's judgement of an answer, in place of an earlier one; return its id.

    An answer that was judged bad is not given again.

    Returns None, and stores nothing, when the answer is not in a conversation of this user. `comment` is protected.
    """
    answer = await session.scalar(
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.id == answer_id, Message.role == "assistant", Conversation.user_id == user_id)
        .with_for_update(of=Message)
    )
    if answer is None:
        return None
    await session.execute(
        delete(Score).where(Score.message_id == answer_id, Score.author_id == user_id, Score.name == HELPFUL)
    )
    if not value:
        await forget_answer(session, answer_id)
    score_id = uuid4()
    write = await writer(session, answer.conversation_id)
    trace = select(Trace.id).where(Trace.message_id == answer_id).order_by(Trace.started_at.desc()).limit(1)
    return await session.scalar(
        insert(Score)
        .values(
            id=score_id,
            site_id=answer.site_id,
            trace_id=trace.scalar_subquery(),
            message_id=answer_id,
            author_id=user_id,
            source="visitor",
            name=HELPFUL,
            value=value,
            **(write.seal(Score, score_id, comment=comment) if comment else {}),
        )
        .returning(Score.id)
    )


async def unrate(session: AsyncSession, user_id: UUID, score_id: UUID) -> bool:
    """Take back a judgement of this user's own; False when there is no such one."""
    gone = await session.scalar(
        delete(Score)
        .where(Score.id == score_id, Score.author_id == user_id, Score.source == "visitor")
        .returning(Score.id)
    )
    return gone is not None


async def unrate_answer(session: AsyncSession, user_id: UUID, answer_id: UUID) -> None:
    """Take back this user's judgement of an answer, if there is one."""
    await session.execute(
        delete(Score).where(Score.message_id == answer_id, Score.author_id == user_id, Score.name == HELPFUL)
    )
