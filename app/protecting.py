"""Protection of what visitors write outside of a message, and their own words given back to them."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.conversations import find_citation
from app.db.pseudonyms import hold_pseudonyms, load_pseudonyms, store_pseudonyms
from app.db.tables import Citation, Message
from app.storable import storable
from app.wiring import Services
from graph.errors import GuardDown
from graph.events import Source
from graph.guards.pseudonyms import Pseudonyms


async def protect(
    services: Services, site_id: int, conversation_id: UUID, text: str, *, pseudonyms: Pseudonyms | None = None
) -> str:
    """Return `text` with personal data replaced by this conversation's pseudonyms, which are stored.

    Args:
        pseudonyms: the conversation's, of a turn under way, which learns the new ones.

    Raises:
        GuardDown: personal data could not be looked for.
    """
    text = storable(text)
    try:
        spans = await asyncio.to_thread(services.personal_data.find, text)
    except Exception as error:
        raise GuardDown from error
    async with services.sessions.begin() as session:
        known = await hold_pseudonyms(session, conversation_id)
        pseudonyms = pseudonyms or Pseudonyms()
        pseudonyms.learn(known)
        protected = pseudonyms.protect(text, spans)
        new = {token: value for token, value in pseudonyms.values.items() if token not in known}
        await store_pseudonyms(session, conversation_id, site_id, new)
    return protected


def restored(citation: Citation, pseudonyms: Pseudonyms) -> Source:
    """A citation as its visitor may see it: a passage of an attached file has its own words back."""
    back = pseudonyms.restore if citation.chunk_id is None else str
    return Source(
        number=citation.number,
        chunk_id=citation.chunk_id,
        document=back(citation.document),
        title=back(citation.title),
        heading=citation.heading,
        url=citation.url,
        text=back(citation.text),
    )


def restored_json(value: JsonValue, back: Callable[[str], str]) -> JsonValue:
    """A JSON value with the visitor's own words back in each of its texts."""
    match value:
        case str():
            return back(value)
        case list():
            return [restored_json(each, back) for each in value]
        case dict():
            return {name: restored_json(each, back) for name, each in value.items()}
    return value


async def find_source(session: AsyncSession, user_id: UUID, answer_id: UUID, number: int) -> Source | None:
    """Return a passage that an answer to this visitor cites, restored."""
    citation = await find_citation(session, user_id, answer_id, number)
    if citation is None:
        return None
    conversation_id = await session.scalar(select(Message.conversation_id).where(Message.id == answer_id))
    assert conversation_id is not None  # noqa: S101 - the citation hangs on the message
    return restored(citation, Pseudonyms(await load_pseudonyms(session, conversation_id)))
