"""What the pseudonyms of a conversation stand for."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Pseudonym

LOCK_CLASS = 0x7073_6575
"""First key of the advisory locks under which tokens are given; the second is a hash of the conversation's id."""


async def hold_pseudonyms(session: AsyncSession, conversation_id: UUID) -> dict[str, str]:
    """Return value by token, and let nobody else give tokens in this conversation until the transaction ends.

    Otherwise two messages at once would give one token to two values, of which only the first is kept.
    """
    await session.execute(select(func.pg_advisory_xact_lock(LOCK_CLASS, func.hashtext(str(conversation_id)))))
    return await load_pseudonyms(session, conversation_id)


async def load_pseudonyms(session: AsyncSession, conversation_id: UUID) -> dict[str, str]:
    """Return value by token."""
    rows = await session.execute(
        select(Pseudonym.token, Pseudonym.value).where(Pseudonym.conversation_id == conversation_id)
    )
    return {row.token: row.value for row in rows}


async def store_pseudonyms(
    session: AsyncSession, conversation_id: UUID, site_id: int, values: Mapping[str, str]
) -> None:
    """Add tokens with their values; those that are stored already stay as they are."""
    if not values:
        return
    await session.execute(
        insert(Pseudonym)
        .values(
            [
                {
                    "conversation_id": conversation_id,
                    "site_id": site_id,
                    "token": token,
                    "type": token.strip("[]").rpartition("_")[0],
                    "value": value,
                }
                for token, value in values.items()
            ]
        )
        .on_conflict_do_nothing()
    )
