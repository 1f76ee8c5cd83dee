"""Wishes for a person."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Handover


async def wish_for_person(
    session: AsyncSession, site_id: int, conversation_id: UUID, *, note: str = "", contact: str = ""
) -> None:
    """Record that the visitor of a conversation wants a person. Both texts are protected."""
    session.add(Handover(site_id=site_id, conversation_id=conversation_id, note=note, contact=contact))
