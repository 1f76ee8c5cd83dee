"""Protection of what visitors write outside of a message, and their own words given back to them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.conversations import find_citation
from app.db.pseudonyms import hold_pseudonyms, load_pseudonyms, store_pseudonyms
from app.db.tables import Citation, Message
from app.personal_data import Policy
from app.storable import storable
from app.wiring import Services
from graph.context import PersonalSpan
from graph.errors import GuardDown
from graph.events import Source
from graph.guards.links import Hosts
from graph.guards.name_forms import learn_forms, shown_names
from graph.guards.outgoing import cleaned
from graph.guards.pseudonyms import Pseudonyms
from graph.guards.restoring import restored_answer


async def find(services: Services, texts: Sequence[str]) -> list[list[PersonalSpan]]:
    """Return the personal data in each text.

    Raises:
        GuardDown: it could not be looked for.
    """
    look = services.personal_data.find
    try:
        return await asyncio.to_thread(lambda: [look(text) for text in texts])
    except Exception as error:
        raise GuardDown from error


async def protect(
    services: Services, site_id: int, conversation_id: UUID, text: str, *, pseudonyms: Pseudonyms | None = None
) -> str:
    """Return `text` with personal data replaced by this conversation's pseudonyms, which are stored.

    What the site keeps in clear stays; what it refuses is replaced, too: a message alone can be refused.

    Args:
        pseudonyms: the conversation's, of a turn under way, which learns the new ones.

    Raises:
        GuardDown: personal data could not be looked for.
    """
    text = storable(text)
    (spans,) = await find(services, [text])
    site = await services.sites.numbered(site_id)
    policy = site.config.policy if site else Policy()
    async with services.sessions.begin() as session:
        known = await hold_pseudonyms(session, conversation_id)
        pseudonyms = pseudonyms or Pseudonyms()
        pseudonyms.learn(known)
        protected = pseudonyms.protect(text, policy.replaced(spans))
        if shown_names(services.models):
            learn_forms(pseudonyms)
        new = {token: value for token, value in pseudonyms.values.items() if token not in known}
        await store_pseudonyms(session, conversation_id, site_id, new)
    return protected


def restored(citation: Citation, pseudonyms: Pseudonyms) -> Source:
    """A citation as its visitor may see it."""
    source = Source(
        number=citation.number,
        chunk_id=citation.chunk_id,
        document=citation.document,
        title=citation.title,
        heading=citation.heading,
        url=citation.url,
        text=citation.text,
    )
    return restored_source(source, pseudonyms)


def restored_source(source: Source, pseudonyms: Pseudonyms) -> Source:
    """A source as its visitor may see it.

    What an attached file or a tool says has its own words back. It is shown as Markdown, and leads nowhere.
    """
    if source.chunk_id is not None:
        return source
    return replace(
        source,
        document=pseudonyms.restore(source.document),
        title=pseudonyms.restore(source.title),
        text=restored_answer(cleaned(source.text, Hosts()), pseudonyms),
    )


async def find_source(session: AsyncSession, user_id: UUID, answer_id: UUID, number: int) -> Source | None:
    """Return a passage that an answer to this visitor cites, restored."""
    citation = await find_citation(session, user_id, answer_id, number)
    if citation is None:
        return None
    conversation_id = await session.scalar(select(Message.conversation_id).where(Message.id == answer_id))
    assert conversation_id is not None  # noqa: S101 - the citation hangs on the message
    return restored(citation, Pseudonyms(await load_pseudonyms(session, conversation_id)))
