"""What the pseudonyms of a conversation stand for. The values are encrypted with their visitor's key."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.sealed import opened, pseudonym_id, writer
from app.db.tables import Pseudonym
from graph.guards.pseudonyms import type_of

LOCK_CLASS = 0x7073_6575
"""First key of the advisory locks under which tokens are given; the second is a hash of the conversation's id."""


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
    rows = await session.scalars(select(Pseudonym).where(Pseudonym.conversation_id.in_(conversation_ids)))
    for row in await opened(session, rows.all()):
        found[row.conversation_id][row.token] = row.value
    return found


async def store_pseudonyms(
    session: AsyncSession, conversation_id: UUID, site_id: int, values: Mapping[str, str]
) -> None:
    """Add tokens with their values; those that are stored already stay as they are."""
    if not values:
        return
    write = await writer(session, conversation_id)
    await session.execute(
        insert(Pseudonym)
        .values(
            [
                {
                    "conversation_id": conversation_id,
                    "site_id": site_id,
                    "token": token,
                    "type": type_of(token),
                    **write.seal(Pseudonym, pseudonym_id(conversation_id, token), value=value),
                }
                for token, value in values.items()
            ]
        )
        .on_conflict_do_nothing()
    )
