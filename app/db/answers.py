"""Answers as those see them who follow them from another process than the one that makes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.messages import LOCK_CLASS
from app.db.sealed import opened
from app.db.tables import Citation, Conversation, Message

MOST_ATTEMPTS = 3
"""An answer that took this many processes with it is left."""
TAKEN_UP_WITHIN = timedelta(minutes=10)
"""An answer that was cut longer ago is no longer waited for."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it is stored: protected, with its citations once it is whole."""

    message: Message
    citations: tuple[Citation, ...]
    may_be_taken_up: bool
    """Whether it was cut a short while ago, and by few enough processes."""


async def stored_answer(session: AsyncSession, user_id: UUID, answer_id: UUID) -> StoredAnswer | None:
    """An answer in a conversation of this user."""
    row = (
        await session.execute(
            select(Message, _recent())
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.id == answer_id, Message.role == "assistant", Conversation.user_id == user_id)
        )
    ).one_or_none()
    if row is None:
        return None
    message, recent = row
    await opened(session, [message])
    citations: Sequence[Citation] = ()
    if message.status == "done":
        cited = select(Citation).where(Citation.message_id == answer_id).order_by(Citation.number)
        citations = await opened(session, (await session.scalars(cited)).all())
    return StoredAnswer(message, tuple(citations), message.status == "cut" and recent)


async def answer_to(session: AsyncSession, user_id: UUID, message_id: UUID) -> UUID | None:
    """The answer to a message of this user, if the message is stored."""
    return await session.scalar(
        select(Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.reply_to == message_id, Message.role == "assistant", Conversation.user_id == user_id)
        .order_by(Message.created_at.desc())
        .limit(1)
    )


async def take_over(session: AsyncSession, answer_id: UUID, *, dead: str | None, owner: int) -> int | None:
    """Make an answer this process's own, if the one that made it is gone; return which attempt this is.

    Of several processes that try at once, one gets it.

    Args:
        dead: the owner that is thought to have died; None for an answer that is marked as cut.
    """
    left: tuple[ColumnElement[bool], ...] = (Message.id == answer_id, Message.status == "cut", Message.owner.is_(None))
    if dead is not None:
        if not await session.scalar(select(func.pg_try_advisory_xact_lock(LOCK_CLASS, int(dead)))):
            return None
        left = (Message.id == answer_id, Message.status == "open", Message.owner == dead)
        given_up = update(Message).where(*left, not_(_recent())).values(status="cut", owner=None)
        await session.execute(given_up)
    return await session.scalar(
        update(Message)
        .where(*left, _recent())
        .values(status="open", owner=str(owner), attempt=Message.attempt + 1, withdrawn=0, sealed_text=b"")
        .returning(Message.attempt)
    )


async def stop_answer(session: AsyncSession, answer_id: UUID) -> None:
    """Mark an answer as stopped whose process is gone."""
    owner = await session.scalar(select(Message.owner).where(Message.id == answer_id, Message.status == "open"))
    if owner is None or await session.scalar(select(func.pg_try_advisory_xact_lock(LOCK_CLASS, int(owner)))):
        await session.execute(
            update(Message)
            .where(
                Message.id == answer_id,
                or_(Message.status == "cut", and_(Message.status == "open", Message.owner.is_not_distinct_from(owner))),
            )
            .values(status="stopped", owner=None)
        )


def _recent() -> ColumnElement[bool]:
    return and_(Message.attempt < MOST_ATTEMPTS, Message.created_at > func.now() - TAKEN_UP_WITHIN)
