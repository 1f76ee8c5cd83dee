"""Messages and answers. All text here is protected: personal data stands as pseudonyms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

from psycopg.errors import ForeignKeyViolation
from sqlalchemy import ColumnElement, String, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.listen import tell
from app.db.sealed import citation_id, opened, writer
from app.db.tables import Attachment, Citation, Conversation, Message, ToolCall, Trace
from graph.errors import VisitorError
from graph.events import Source

Ending = Literal["done", "stopped", "cut", "failed"]
Door = Literal["page", "widget", "api"]
ANSWERS = "parley_answers"
"""Channel on which the id of an answer is told whose text or end was stored."""

TITLE_CHARS = 60
LOCK_CLASS = 0x7061_726C
"""First key of the advisory locks that live processes hold; the second is the process's number."""


class NotYourConversation(VisitorError):
    """This conversation belongs to somebody else."""


class Erased(VisitorError):
    """Your data was deleted, and this conversation with it. Please reload the page to begin a new one."""


class IdTaken(VisitorError):
    """This message's id is another message's; send it with a new one."""


class AskedAlready(VisitorError):
    """This message was sent already."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A visitor's message, protected, as it is stored before the graph starts."""

    id: UUID
    site_id: int
    user_id: UUID
    conversation_id: UUID
    text: str
    attachments: Sequence[tuple[str, str, str]] = ()
    """Name, media type and protected text of each file."""
    door: Door = "page"
    labels: Collection[str] = ()


async def begin_turn(session: AsyncSession, message: NewMessage, *, owner: int, once: bool = False) -> UUID:
    """Store a visitor's message and an open answer to it; return the answer's id.

    A message whose id exists is replaced, with all that came after it, unless it may come only `once`.

    Raises:
        NotYourConversation: the conversation exists, with another user or site.
        AskedAlready: the message exists.
        IdTaken: the id is an answer's, or a message's of another conversation.
    """
    title = _title(message.text)
    await own_conversation(session, message.site_id, message.user_id, message.conversation_id, message.door, title)
    there = await session.get(Message, message.id)
    if there is not None:
        if (there.conversation_id, there.role) != (message.conversation_id, "visitor"):
            raise IdTaken
        if once:
            raise AskedAlready
        await session.execute(
            delete(Message).where(
                Message.conversation_id == message.conversation_id, Message.created_at >= there.created_at
            )
        )
    common = {"site_id": message.site_id, "conversation_id": message.conversation_id}
    answer_id = uuid4()
    write = await writer(session, message.conversation_id)
    asked = {"id": message.id, "role": "visitor", "labels": sorted(message.labels)}
    asked |= write.seal(Message, message.id, text=message.text)
    await session.execute(insert(Message).values(**common, **asked))
    empty = {"id": answer_id, "reply_to": message.id, "role": "assistant", "status": "open", "owner": str(owner)}
    await session.execute(insert(Message).values(**common, **empty, sealed_text=b""))
    for name, media_type, text in message.attachments:
        file_id = uuid4()
        file = {"id": file_id, "message_id": message.id, "media_type": media_type}
        await session.execute(
            insert(Attachment).values(**common, **file, **write.seal(Attachment, file_id, name=name, text=text))
        )
    return answer_id


async def history(session: AsyncSession, conversation_id: UUID, *, before: UUID, limit: int) -> list[Message]:
    """The last `limit` messages before the one named, oldest first, without answers that are not whole.

    Nor with turns that were never classified: their message was blocked, or they ended before it was judged. What was
    done at the visitor's word is told all the same, without the message that said it.
    """
    if limit == 0:
        return []
    moment = select(Message.created_at).where(Message.id == before).scalar_subquery()
    answer = aliased(Message)
    unjudged = (
        select(answer.id)
        .join(Trace, Trace.message_id == answer.id)
        .where(answer.conversation_id == conversation_id, Trace.intent.is_(None))
        .where(or_(answer.id == Message.id, answer.reply_to == Message.id))
        .exists()
    )
    carried_out = select(ToolCall.id).where(ToolCall.decided_by == Message.reply_to).exists()
    found = await session.scalars(
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.created_at < moment,
            Message.status.in_(("done", "stopped")),
            Message.sealed_text != b"",
            or_(~unjudged, carried_out),
        )
        .order_by(Message.created_at.desc())
        .limit(limit)
    )
    return list(await opened(session, found.all()))[::-1]


async def save_progress(
    session: AsyncSession, conversation_id: UUID, answer_id: UUID, text: str, withdrawn: int, *, owner: int
) -> None:
    """Keep what the visitor has been shown so far, in case that the process dies, and tell those who follow.

    One statement: every answer that streams does this all the time.
    """
    write = await writer(session, conversation_id)
    kept = (
        update(Message)
        .where(*_ours(answer_id, owner))
        .values(withdrawn=withdrawn, **write.seal(Message, answer_id, text=text))
        .returning(Message.id)
        .cte("kept")
    )
    await session.execute(select(func.pg_notify(ANSWERS, cast(kept.c.id, String))))


async def finish_answer(
    session: AsyncSession,
    conversation_id: UUID,
    answer_id: UUID,
    *,
    owner: int,
    status: Ending,
    text: str,
    answered_by: str | None = None,
    rung: str | None = None,
    notice: str | None = None,
) -> bool:
    """Close an answer with the text that the visitor sees at the end; False when it is no longer this process's."""
    ours = await session.scalar(select(Message.id).where(*_ours(answer_id, owner)).with_for_update())
    if ours is not None:  # otherwise its conversation may be gone as well, with its key
        write = await writer(session, conversation_id)
        await session.execute(
            update(Message)
            .where(Message.id == answer_id)
            .values(status=status, answered_by=answered_by, rung=rung, notice=notice, owner=None)
            .values(**write.seal(Message, answer_id, text=text))
        )
    await tell(session, ANSWERS, str(answer_id))
    return ours is not None


async def cite(
    session: AsyncSession, conversation_id: UUID, answer_id: UUID, site_id: int, sources: Sequence[Source]
) -> None:
    """Store the passages that an answer cites."""
    if not sources:
        return
    write = await writer(session, conversation_id)
    rows = [
        {
            "message_id": answer_id,
            "number": source.number,
            "site_id": site_id,
            "chunk_id": source.chunk_id,
            "url": source.url,
            **write.seal(
                Citation,
                citation_id(answer_id, source.number),
                document=source.document,
                title=source.title,
                heading=source.heading,
                text=source.text,
            ),
        }
        for source in sources
    ]
    await session.execute(insert(Citation).values(rows))


async def mark_cut(session: AsyncSession) -> int:
    """Mark the open answers of processes that are no longer alive as cut; return how many."""
    owners = await session.scalars(select(Message.owner).where(Message.status == "open").distinct())
    marked = 0
    for owner in owners:
        if owner is None or await session.scalar(select(func.pg_try_advisory_xact_lock(LOCK_CLASS, int(owner)))):
            result = await session.scalars(
                update(Message)
                .where(Message.status == "open", Message.owner.is_not_distinct_from(owner))
                .values(status="cut", owner=None)
                .returning(Message.id)
            )
            marked += len(result.all())
    return marked


def _ours(answer_id: UUID, owner: int) -> tuple[ColumnElement[bool], ...]:
    return Message.id == answer_id, Message.status == "open", Message.owner == str(owner)


async def say(
    session: AsyncSession, site_id: int, conversation_id: UUID, role: Literal["visitor", "assistant"], text: str
) -> UUID:
    """Add a protected text to a conversation that no turn makes; return its id."""
    message_id = uuid4()
    write = await writer(session, conversation_id)
    await session.execute(
        insert(Message).values(
            id=message_id,
            site_id=site_id,
            conversation_id=conversation_id,
            role=role,
            rung="fixed" if role == "assistant" else None,
            **write.seal(Message, message_id, text=text),
        )
    )
    return message_id


async def own_conversation(
    session: AsyncSession, site_id: int, user_id: UUID, conversation_id: UUID, door: Door, title: str
) -> None:
    """Make a conversation, or mark it as used now.

    Raises:
        NotYourConversation: it exists, with another user or site.
        Erased: the user does not exist any more.
    """
    made = (
        insert(Conversation)
        .values(id=conversation_id, site_id=site_id, user_id=user_id, door=door)
        .on_conflict_do_update(index_elements=[Conversation.id], set_={"updated_at": func.now()})
        .returning(Conversation.site_id, Conversation.user_id, Conversation.sealed_title)
    )
    try:
        stored = await session.execute(made)
    except IntegrityError as error:
        if isinstance(error.orig, ForeignKeyViolation):
            raise Erased from None
        raise
    *owner, sealed_title = stored.one()
    if tuple(owner) != (site_id, user_id):
        raise NotYourConversation
    if sealed_title is None:
        write = await writer(session, conversation_id)
        named = write.seal(Conversation, conversation_id, title=title.replace("\n", " "))
        await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(**named))


def _title(text: str) -> str:
    return text if len(text) <= TITLE_CHARS else text[: TITLE_CHARS - 1].rstrip() + "…"
