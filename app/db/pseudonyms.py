"""What the pseudonyms of a conversation stand for. The values are encrypted with their visitor's key."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.tables import Pseudonym
from app.vault.sealing import CLEAR, key_of
from app.vault.vault import vault_of

LOCK_CLASS = 0x7073_6575
"""First key of the advisory locks under which tokens are given; the second is a hash of the conversation's id."""
_BATCH = 500


async def hold_pseudonyms(session: AsyncSession, conversation_id: UUID) -> dict[str, str]:
    """Return value by token, and let nobody else give tokens in this conversation until the transaction ends.

    Otherwise two messages at once would give one token to two values, of which only the first is kept.
    """
    await session.execute(select(func.pg_advisory_xact_lock(LOCK_CLASS, func.hashtext(str(conversation_id)))))
    return await load_pseudonyms(session, conversation_id)


async def load_pseudonyms(session: AsyncSession, conversation_id: UUID) -> dict[str, str]:
    """Return value by token.

    Raises:
        Unreadable: a value was changed or moved, or its key is gone.
    """
    return (await load_pseudonyms_of(session, [conversation_id]))[conversation_id]


async def load_pseudonyms_of(session: AsyncSession, conversation_ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """Return value by token for each of some conversations, as `load_pseudonyms` does for one."""
    found: dict[UUID, dict[str, str]] = {id_: {} for id_ in conversation_ids}
    rows = (
        await session.execute(
            select(Pseudonym.conversation_id, Pseudonym.token, Pseudonym.value).where(
                Pseudonym.conversation_id.in_(conversation_ids)
            )
        )
    ).all()
    keys = await vault_of(session).keys(session, {key_of(row.value) for row in rows})
    for row in rows:
        opened = keys[key_of(row.value)].open(_place(row.conversation_id, row.token), row.value)
        found[row.conversation_id][row.token] = opened.decode()
    return found


async def store_pseudonyms(
    session: AsyncSession, conversation_id: UUID, site_id: int, values: Mapping[str, str]
) -> None:
    """Add tokens with their values; those that are stored already stay as they are."""
    if not values:
        return
    key = await vault_of(session).for_conversation(session, conversation_id)
    await session.execute(
        insert(Pseudonym)
        .values(
            [
                {
                    "conversation_id": conversation_id,
                    "site_id": site_id,
                    "token": token,
                    "type": token.strip("[]").rpartition("_")[0],
                    "value": key.seal(_place(conversation_id, token), value.encode()),
                }
                for token, value in values.items()
            ]
        )
        .on_conflict_do_nothing()
    )


async def seal_old_values(sessions: async_sessionmaker[AsyncSession]) -> int:
    """Encrypt the values that an older version wrote in clear; return how many there were.

    In batches, so that it can be cut off and goes on where it was. Two processes share the work.
    """
    sealed = 0
    while True:
        async with sessions.begin() as session:
            rows = await session.scalars(
                select(Pseudonym).where(func.substr(Pseudonym.value, 1, 1) == CLEAR).limit(_BATCH).with_for_update()
            )
            batch = rows.all()
            for row in batch:
                key = await vault_of(session).for_conversation(session, row.conversation_id)
                clear = row.value.removeprefix(CLEAR)
                await session.execute(
                    update(Pseudonym)
                    .where(Pseudonym.conversation_id == row.conversation_id, Pseudonym.token == row.token)
                    .values(value=key.seal(_place(row.conversation_id, row.token), clear))
                )
        sealed += len(batch)
        if not batch:
            return sealed


def _place(conversation_id: UUID, token: str) -> str:
    return f"pseudonyms.value/{conversation_id}/{token}"
