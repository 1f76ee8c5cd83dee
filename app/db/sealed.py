"""Reads and writes the columns that are encrypted, each value bound to its table, row and column.

An empty text is stored empty: it says nothing, and queries tell it apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, inspect, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.tables import (
    Attachment,
    CachedAnswer,
    Citation,
    Conversation,
    Handover,
    Message,
    Pseudonym,
    Score,
    ToolCall,
)
from app.db.tables.sealed import in_clear, keep_opened
from app.vault.sealing import CLEAR, DataKey, key_of
from app.vault.vault import vault_of

COLUMNS: dict[type, tuple[str, ...]] = {
    Conversation: ("title",),
    Message: ("text",),
    Attachment: ("name", "text"),
    Citation: ("document", "title", "heading", "text"),
    Handover: ("note", "contact"),
    Score: ("comment",),
    CachedAnswer: ("question", "text"),
    Pseudonym: ("value",),
    ToolCall: ("arguments", "result"),
}
LOCK = 0x7061_726C_7365
"""Advisory lock of the process that encrypts what is in clear."""
_BATCH = 200
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Writer:
    """Encrypts what stands in a conversation's rows."""

    key: DataKey

    def seal(self, table: type, row_id: object, **clear: str) -> dict[str, bytes]:
        """The values to write into a row, by the names of their attributes."""
        return {f"sealed_{name}": _sealed(self.key, table, row_id, name, text) for name, text in clear.items()}


async def writer(session: AsyncSession, conversation_id: UUID) -> Writer:
    """What encrypts for a conversation, with its visitor's key."""
    return Writer(await vault_of(session).for_conversation(session, conversation_id))


async def opened(session: AsyncSession, rows: Sequence[Row]) -> Sequence[Row]:
    """Decrypt the columns of some rows, which carry the clear texts from then on; return the rows.

    Raises:
        Unreadable: a value was changed or moved, its key is gone, or it is in clear: only our own start may read that.
    """
    values = [
        (row, name, sealed)
        for row in rows
        for name in COLUMNS[type(row)]
        if (sealed := getattr(row, f"sealed_{name}")) is not None
    ]
    keys = await vault_of(session).keys(session, {key_of(sealed) for _, _, sealed in values if sealed})
    for row, name, sealed in values:
        clear = keys[key_of(sealed)].open(_place(type(row), _id_of(row), name), sealed) if sealed else b""
        keep_opened(row, name, clear.decode())
    return rows


async def opened_one(session: AsyncSession, row: Row | None) -> Row | None:
    """The same for one row, which may be missing."""
    if row is not None:
        await opened(session, [row])
    return row


async def seal_old_texts(sessions: async_sessionmaker[AsyncSession]) -> int:
    """Encrypt the texts that an older version wrote in clear; return how many rows there were.

    In batches, so that it can be cut off and goes on where it was. Two processes share the work, and neither goes on
    before all of it is done.
    """
    return sum([await _seal_old_rows(sessions, table) for table in COLUMNS if table is not CachedAnswer])


async def _seal_old_rows(sessions: async_sessionmaker[AsyncSession], table: Any) -> int:
    old_rows = select(table).where(text(in_clear(*COLUMNS[table]))).limit(_BATCH).with_for_update()
    sealed = 0
    while True:
        async with sessions.begin() as session:
            # One batch after the other: who waited for a batch of another process would take its rows for all.
            await session.execute(select(func.pg_advisory_xact_lock(LOCK)))
            batch = (await session.scalars(old_rows)).all()
            for row in batch:
                values = {}
                key = await vault_of(session).for_conversation(session, await _conversation_of(session, row))
                for name in COLUMNS[table]:
                    old = getattr(row, f"sealed_{name}")
                    if old and old.startswith(CLEAR):
                        clear = old.removeprefix(CLEAR).decode()
                        values[f"sealed_{name}"] = _sealed(key, table, _id_of(row), name, clear)
                await session.execute(update(table).where(*_this(table, row)).values(**values))
        sealed += len(batch)
        if not batch:
            return sealed


async def _conversation_of(session: AsyncSession, row: Any) -> UUID:
    if isinstance(row, Conversation):
        return row.id
    if isinstance(row, Score | Citation):
        found = await session.execute(select(Message.conversation_id).where(Message.id == row.message_id))
        return UUID(str(found.scalar_one()))
    return UUID(str(row.conversation_id))


def _this(table: Any, row: Any) -> tuple[ColumnElement[bool], ...]:
    return tuple(column == getattr(row, column.key) for column in inspect(table).primary_key)


def _sealed(key: DataKey, table: type, row_id: object, name: str, text: str) -> bytes:
    return key.seal(_place(table, row_id, name), text.encode()) if text else b""


def _id_of(row: Any) -> object:
    match row:
        case Citation():
            return citation_id(row.message_id, row.number)
        case Pseudonym():
            return pseudonym_id(row.conversation_id, row.token)
        case CachedAnswer():  # its own number is not known before it is written
            return row.answer_id
    return row.id


def citation_id(message_id: UUID, number: int) -> str:
    """What a citation's texts are bound to."""
    return f"{message_id}/{number}"


def pseudonym_id(conversation_id: UUID, token: str) -> str:
    """What a pseudonym's value is bound to."""
    return f"{conversation_id}/{token}"


def _place(table: Any, row_id: object, name: str) -> str:
    return f"{table.__tablename__}.{name}/{row_id}"
