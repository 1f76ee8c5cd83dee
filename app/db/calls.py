"""Calls of tools that change something: entered before they are made, so that none is made twice or unseen.

All text here is protected: personal data stands as pseudonyms.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from pydantic import JsonValue
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.sealed import opened, opened_one, writer
from app.db.tables import ToolCall
from graph.guards.containment import Stems

Argument = tuple[str, JsonValue, Stems]
"""Its name, its value, and whose words the value is."""


def digest_of(tool: str, arguments: Mapping[str, JsonValue]) -> str:
    """What tells a call from every other one: the SHA-256 sum of the tool and all its arguments."""
    return hashlib.sha256(json.dumps([tool, arguments], sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def arguments_of(call: ToolCall) -> list[Argument]:
    """The arguments of a call that was read."""
    return [(name, value, stems) for name, value, stems in json.loads(call.arguments)]


async def enter_call(
    session: AsyncSession,
    *,
    site_id: int,
    conversation_id: UUID,
    answer_id: UUID,
    tool: str,
    arguments: Sequence[Argument],
    state: Literal["waiting", "running"],
    expires_at: datetime | None = None,
) -> UUID | None:
    """Enter a call that waits or is about to be made; return its number.

    None when it is about to be made and this very call was tried before in the conversation: by a process that died
    over this answer, for an answer that this one replaces, or for another one.
    """
    call_id, digest = uuid4(), digest_of(tool, {name: value for name, value, _ in arguments})
    if state == "waiting":  # what a process asked that died over this answer is asked no more
        others = ToolCall.message_id == answer_id, ToolCall.state == "waiting", ToolCall.digest != digest
        await session.execute(delete(ToolCall).where(*others))
    if state == "running" and await tried_before(session, conversation_id, digest):
        return None
    write = await writer(session, conversation_id)
    entered = (
        insert(ToolCall)
        .values(
            id=call_id,
            site_id=site_id,
            conversation_id=conversation_id,
            message_id=answer_id,
            tool=tool,
            state=state,
            digest=digest,
            expires_at=expires_at,
            **write.seal(ToolCall, call_id, arguments=json.dumps(arguments, ensure_ascii=False)),
        )
        .on_conflict_do_nothing(index_elements=[ToolCall.message_id, ToolCall.digest])
        .returning(ToolCall.id)
    )
    return await session.scalar(entered)


async def tried_before(session: AsyncSession, conversation_id: UUID, digest: str) -> bool:
    """Whether this very call was made in the conversation, however it went."""
    made = select(ToolCall.id).where(
        ToolCall.conversation_id == conversation_id,
        ToolCall.digest == digest,
        ToolCall.state.in_(("running", "done", "failed")),
    )
    return await session.scalar(made.limit(1)) is not None


async def take_call(
    session: AsyncSession, conversation_id: UUID, call_id: UUID, digest: str, *, agreed: bool, decided_by: UUID
) -> ToolCall | None:
    """Take a waiting call, to make it or to leave it; None when there is none to be decided any more.

    One statement: of two decisions at the same moment one finds it. The caller has seen to it that the conversation is
    the visitor's.
    """
    taken = await session.scalar(
        update(ToolCall)
        .where(
            ToolCall.id == call_id,
            ToolCall.conversation_id == conversation_id,
            ToolCall.digest == digest,
            ToolCall.state == "waiting",
            ToolCall.expires_at > func.now(),
        )
        .values(state="running" if agreed else "declined", decided_at=func.now(), decided_by=decided_by)
        .returning(ToolCall)
    )
    return await opened_one(session, taken)


async def running_tool(session: AsyncSession, conversation_id: UUID, call_id: UUID, digest: str) -> str | None:
    """The tool of a call that was begun, and of which nobody knows yet how it went; None when there is no such call."""
    found = select(ToolCall.tool).where(
        ToolCall.id == call_id,
        ToolCall.conversation_id == conversation_id,
        ToolCall.digest == digest,
        ToolCall.state == "running",
    )
    return await session.scalar(found)


async def end_call(session: AsyncSession, call: UUID, conversation_id: UUID, *, done: bool, result: str) -> None:
    """Note how a call went."""
    write = await writer(session, conversation_id)
    await session.execute(
        update(ToolCall)
        .where(ToolCall.id == call, ToolCall.state == "running")
        .values(state="done" if done else "failed", **write.seal(ToolCall, call, result=result))
    )


async def drop_waiting(session: AsyncSession, answer_id: UUID) -> None:
    """Forget what an answer was to ask for that does not stand as it was made."""
    await session.execute(delete(ToolCall).where(ToolCall.message_id == answer_id, ToolCall.state == "waiting"))


async def decided_by(session: AsyncSession, message_id: UUID) -> ToolCall | None:
    """The call that a visitor's message has decided."""
    found = await session.scalar(select(ToolCall).where(ToolCall.decided_by == message_id))
    return await opened_one(session, found)


async def waiting_calls(session: AsyncSession, conversation_id: UUID) -> dict[UUID, ToolCall]:
    """The calls of a conversation that can be decided now, by the answer under which each is shown."""
    found = await session.scalars(
        select(ToolCall).where(
            ToolCall.conversation_id == conversation_id, ToolCall.state == "waiting", ToolCall.expires_at > func.now()
        )
    )
    return {call.message_id: call for call in await opened(session, found.all()) if call.message_id}
