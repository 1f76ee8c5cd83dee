"""Conversations as their owners see them: lists, whole ones, renaming and deleting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.calls import waiting_calls
from app.db.messages import mark_cut
from app.db.pseudonyms import load_pseudonyms, load_pseudonyms_of
from app.db.scores import HELPFUL
from app.db.sealed import opened, opened_one, writer
from app.db.tables import Attachment, Citation, Conversation, Message, Score, Span, ToolCall, Trace, User, VisitorKey

READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Whole:
    """A conversation with everything that its page shows. Texts are protected; `pseudonyms` restores them."""

    conversation: Conversation
    owner: User
    messages: Sequence[Message]
    citations: Sequence[Citation]
    attachments: Sequence[Attachment]
    spans: Sequence[tuple[UUID, Span]]
    """Steps in order, each with the id of the answer that it led to."""
    scores: Sequence[Score]
    pseudonyms: dict[str, str]
    waiting: Mapping[UUID, ToolCall]
    """Calls of tools that wait for the visitor's word, by the answer that asks for it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, newest first. `following` is where the next part begins, or None at the end."""

    conversations: Sequence[Conversation]
    pseudonyms: dict[UUID, dict[str, str]]
    following: tuple[datetime, UUID] | None


async def owner_of(session: AsyncSession, site_id: int, conversation_id: UUID) -> str | None:
    """The identifier of the user whose conversation it is."""
    return await session.scalar(
        select(User.identifier)
        .join(Conversation, Conversation.user_id == User.id)
        .where(Conversation.id == conversation_id, Conversation.site_id == site_id)
    )


async def is_of_user(session: AsyncSession, conversation_id: UUID, user_id: UUID) -> bool:
    """Whether a conversation is there, and this user's."""
    of_user = Conversation.id == conversation_id, Conversation.user_id == user_id
    return await session.scalar(select(Conversation.id).where(*of_user)) is not None


async def list_conversations(
    session: AsyncSession,
    user_id: UUID,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    search: str | None = None,
    helpful: float | None = None,
) -> Page:
    """The user's conversations, the latest used first.

    Args:
        after: where the part before ended.
        search: words that title or messages contain, with their pseudonyms. They are encrypted, so all are read.
        helpful: only those with an answer that the user scored so.
    """
    query = select(Conversation).where(Conversation.user_id == user_id)
    if after:
        query = query.where(tuple_(Conversation.updated_at, Conversation.id) < after)
    if search:
        query = query.where(Conversation.id.in_(await _holding(session, user_id, search)))
    if helpful is not None:
        query = query.where(
            exists().where(
                Score.message_id == Message.id,
                Message.conversation_id == Conversation.id,
                Score.name == HELPFUL,
                Score.value == helpful,
            )
        )
    query = query.order_by(Conversation.updated_at.desc(), Conversation.id.desc()).limit(limit + 1)
    found = list(await session.scalars(query))
    shown = await opened(session, found[:limit])
    last = shown[-1] if len(found) > limit else None
    pseudonyms = await load_pseudonyms_of(session, [row.id for row in shown])
    return Page(shown, pseudonyms, (last.updated_at, last.id) if last else None)


async def _holding(session: AsyncSession, user_id: UUID, search: str) -> set[UUID]:
    """The user's conversations whose title or messages contain these words, whatever their case."""
    wanted = search.casefold()
    ours = select(Conversation).where(Conversation.user_id == user_id)
    conversations = await opened(session, (await session.scalars(ours)).all())
    holding = {row.id for row in conversations if wanted in row.title.casefold()}
    said = select(Message).join(Conversation, Conversation.id == Message.conversation_id)
    said = said.where(Conversation.user_id == user_id, Conversation.id.not_in(holding))
    async for rows in (await session.stream_scalars(said.execution_options(yield_per=READ_AT_ONCE))).partitions():
        await opened(session, rows)
        holding |= {row.conversation_id for row in rows if wanted in row.text.casefold()}
    return holding


async def load_conversation(session: AsyncSession, site_id: int, conversation_id: UUID) -> Whole | None:
    """Load a conversation. Answers whose process has died are marked as cut on the way."""
    row = (
        await session.execute(
            select(Conversation, User)
            .join(User, User.id == Conversation.user_id)
            .where(Conversation.id == conversation_id, Conversation.site_id == site_id)
        )
    ).one_or_none()
    if row is None:
        return None
    of_this = Message.conversation_id == conversation_id
    if await session.scalar(select(exists().where(of_this, Message.status == "open"))):
        await mark_cut(session)
    messages = await session.scalars(select(Message).where(of_this).order_by(Message.created_at, Message.id))
    ids = select(Message.id).where(of_this).scalar_subquery()
    spans = await session.execute(
        select(Trace.message_id, Span)
        .join(Span, Span.trace_id == Trace.id)
        .where(Trace.message_id.in_(ids))
        .order_by(Span.id)
    )
    cited = await session.scalars(
        select(Citation).where(Citation.message_id.in_(ids)).order_by(Citation.message_id, Citation.number)
    )
    files = await session.scalars(
        select(Attachment).where(Attachment.conversation_id == conversation_id).order_by(Attachment.created_at)
    )
    scores = await session.scalars(
        select(Score).where(Score.message_id.in_(ids), Score.name == HELPFUL, Score.source == "visitor")
    )
    await opened(session, [row[0]])
    return Whole(
        conversation=row[0],
        owner=row[1],
        messages=await opened(session, messages.all()),
        citations=await opened(session, cited.all()),
        attachments=await opened(session, files.all()),
        spans=[(message_id, span) for message_id, span in spans if message_id],
        scores=await opened(session, scores.all()),
        pseudonyms=await load_pseudonyms(session, conversation_id),
        waiting=await waiting_calls(session, conversation_id),
    )


async def find_citation(session: AsyncSession, user_id: UUID, answer_id: UUID, number: int) -> Citation | None:
    """A passage that an answer cites, if the answer stands in a conversation of this user."""
    found = await session.scalar(
        select(Citation)
        .join(Message, Message.id == Citation.message_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Citation.message_id == answer_id, Citation.number == number, Conversation.user_id == user_id)
    )
    return await opened_one(session, found)


async def find_attachment(session: AsyncSession, user_id: UUID, attachment_id: UUID) -> Attachment | None:
    """A file that was sent along, if it belongs to a conversation of this user."""
    found = await session.scalar(
        select(Attachment)
        .join(Conversation, Conversation.id == Attachment.conversation_id)
        .where(Attachment.id == attachment_id, Conversation.user_id == user_id)
    )
    return await opened_one(session, found)


async def find_visitor_message(
    session: AsyncSession, user_id: UUID, message_id: UUID
) -> tuple[Message, Sequence[Attachment]] | None:
    """A visitor's own message with its files."""
    message = await session.scalar(
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.id == message_id, Message.role == "visitor", Conversation.user_id == user_id)
    )
    if message is None:
        return None
    files = await session.scalars(select(Attachment).where(Attachment.message_id == message_id))
    await opened(session, [message])
    return message, await opened(session, files.all())


async def rename_conversation(session: AsyncSession, user_id: UUID, conversation_id: UUID, title: str) -> bool:
    """Give a conversation of this user another title, which is protected; False when there is no such one."""
    there = select(Conversation.id).where(Conversation.id == conversation_id, Conversation.user_id == user_id)
    if await session.scalar(there.with_for_update()) is None:
        return False
    write = await writer(session, conversation_id)
    named = write.seal(Conversation, conversation_id, title=title)
    await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(**named))
    return True


async def give_conversations(session: AsyncSession, user_id: UUID, to: UUID) -> None:
    """Make all conversations of a guest those of the user that the guest turned out to be, with the guest's keys."""
    # No conversation is begun meanwhile, which would stay the guest's under a key that is not.
    await session.execute(select(User.id).where(User.id == user_id).with_for_update())
    await session.execute(update(VisitorKey).where(VisitorKey.user_id == user_id).values(user_id=to))
    await session.execute(update(Conversation).where(Conversation.user_id == user_id).values(user_id=to))


async def delete_conversation(session: AsyncSession, site_id: int, conversation_id: UUID) -> None:
    """Erase a conversation with everything that hangs on it."""
    await session.execute(
        delete(Conversation).where(Conversation.id == conversation_id, Conversation.site_id == site_id)
    )
