"""Reads and writes the columns that are encrypted, each value bound to its table, row and column.

An empty text is stored empty: it says nothing, and queries tell it apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, inspect, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute

from app.db.tables import Attachment, CachedAnswer, Citation, Conversation, Handover, Message, Score
from app.db.tables.sealed import keep_opened
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
}
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
        Unreadable: a value was changed or moved, or its key is gone.
    """
    values = [
        (row, name, sealed)
        for row in rows
        for name in COLUMNS[type(row)]
        if (sealed := getattr(row, f"sealed_{name}")) is not None
    ]
    ids = {key_of(sealed) for _, _, sealed in values if sealed and not sealed.startswith(CLEAR)}
    keys = await vault_of(session).keys(session, ids)
    for row, name, sealed in values:
        if not sealed or sealed.startswith(CLEAR):
            clear = sealed.removeprefix(CLEAR)
        else:
            clear = keys[key_of(sealed)].open(_place(type(row), _id_of(row), name), sealed)
        keep_opened(row, name, clear.decode())
    return rows


async def opened_one(session: AsyncSession, row: Row | None) -> Row | None:
    """The same for one row, which may be missing."""
    if row is not None:
        await opened(session, [row])
    return row


async def seal_old_texts(sessions: async_sessionmaker[AsyncSession]) -> int:
    """Encrypt the texts that an older version wrote in clear; return how many rows there were.

    In batches, so that it can be cut off and goes on where it was. Two processes share the work.
    """
    return sum([await _seal_old_rows(sessions, table) for table in COLUMNS if table is not CachedAnswer])


async def _seal_old_rows(sessions: async_sessionmaker[AsyncSession], table: Any) -> int:
    in_clear = [func.substr(_column(table, name), 1, 1) == CLEAR for name in COLUMNS[table]]
    sealed = 0
    while True:
        async with sessions.begin() as session:
            query = select(table).where(or_(*in_clear)).limit(_BATCH).with_for_update(skip_locked=True)
            batch = (await session.scalars(query)).all()
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


def _column(table: Any, name: str) -> InstrumentedAttribute[bytes]:
    column: InstrumentedAttribute[bytes] = getattr(table, f"sealed_{name}")
    return column


def _sealed(key: DataKey, table: type, row_id: object, name: str, text: str) -> bytes:
    return key.seal(_place(table, row_id, name), text.encode()) if text else b""


def _id_of(row: Any) -> object:
    match row:
        case Citation():
            return citation_id(row.message_id, row.number)
        case CachedAnswer():  # its own number is not known before it is written
            return row.answer_id
    return row.id


def citation_id(message_id: UUID, number: int) -> str:
    """What a citation's texts are bound to."""
    return f"{message_id}/{number}"


def _place(table: Any, row_id: object, name: str) -> str:
    return f"{table.__tablename__}.{name}/{row_id}"
