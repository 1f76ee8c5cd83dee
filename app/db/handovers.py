"""Wishes for a person."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.sealed import writer
from app.db.tables import Handover


async def wish_for_person(
    session: AsyncSession, site_id: int, conversation_id: UUID, *, note: str = "", contact: str = ""
) -> None:
    """Record that the visitor of a conversation wants a person. Both texts are protected."""
    write = await writer(session, conversation_id)
    wish = uuid4()
    texts = write.seal(Handover, wish, note=note, contact=contact)
    session.add(Handover(id=wish, site_id=site_id, conversation_id=conversation_id, **texts))
