"""Protection of what visitors write outside of a message: titles and comments."""

import asyncio
from uuid import UUID

from app.chat.runtime import Chat
from app.db.pseudonyms import hold_pseudonyms, store_pseudonyms
from graph.errors import GuardDown
from graph.guards.pseudonyms import Pseudonyms


async def protect(chat: Chat, conversation_id: UUID, text: str) -> str:
    """Return `text` with personal data replaced by this conversation's pseudonyms, which are stored.

    Raises:
        GuardDown: personal data could not be looked for.
    """
    try:
        spans = await asyncio.to_thread(chat.services.personal_data.find, text)
    except Exception as error:
        raise GuardDown from error
    site_id = await chat.site_id()
    async with chat.services.sessions.begin() as session:
        known = await hold_pseudonyms(session, conversation_id)
        pseudonyms = Pseudonyms(known)
        protected = pseudonyms.protect(text, spans)
        new = {token: value for token, value in pseudonyms.values.items() if token not in known}
        await store_pseudonyms(session, conversation_id, site_id, new)
    return protected
