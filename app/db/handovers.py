"""Wishes for a person."""

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.sealed import opened, writer
from app.db.tables import Conversation, Handover


async def wish_for_person(
    session: AsyncSession, site_id: int, conversation_id: UUID, *, note: str = "", contact: str = ""
) -> None:
    """Record that the visitor of a conversation wants a person. Both texts are protected."""
    write = await writer(session, conversation_id)
    wish = uuid4()
    texts = write.seal(Handover, wish, note=note, contact=contact)
    session.add(Handover(id=wish, site_id=site_id, conversation_id=conversation_id, **texts))


async def wishes_of(session: AsyncSession, site_id: int) -> list[tuple[Handover, UUID]]:
    """The wishes of a site's visitors, the newest first, each with its visitor's id. Both texts are protected."""
    rows = await session.execute(
        select(Handover, Conversation.user_id)
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .where(Handover.site_id == site_id)
        .order_by(Handover.created_at.desc())
    )
    found = [(wish, visitor) for wish, visitor in rows]
    await opened(session, [wish for wish, _ in found])
    return found
