"""A visitor's wish for a person: recorded, and answered with the opening hours."""

from datetime import UTC, datetime
from uuid import UUID

from app.db.handovers import wish_for_person
from app.db.messages import own_conversation, say
from app.protecting import find, protect
from app.sites.hours import reachable
from app.widget.errors import not_found
from app.widget.models import HandoverTaken, HandoverWanted
from app.widget.tokens import Visitor
from app.wiring import Services
from graph.guards.language import language_of
from graph.replies import FALLBACK

_NOTED = "Thank you, your message is noted."
_WISHED = "Your wish to talk to a person is noted."
_TITLE = "A person, please"


async def take_wish(
    services: Services, visitor: Visitor, conversation_id: UUID, wanted: HandoverWanted
) -> HandoverTaken:
    """Record the wish. The note and what the visitor is told become messages of the conversation, which may be new.

    Raises:
        NotYourConversation: it is somebody else's.
        PersonalDataRefused: the note holds what the site refuses. A contact is asked for, and only replaced.
        GuardDown: personal data could not be looked for.
    """
    site = await services.sites.numbered(visitor.site_id)
    if site is None:
        raise not_found("site")
    message = wanted.message.strip()
    site.config.policy.admit(await find(services, [message]), language_of(message) or FALLBACK)
    there = reachable(site.config.hours, datetime.now(UTC))
    async with services.sessions.begin() as session:
        await own_conversation(session, visitor.site_id, visitor.user_id, conversation_id, "widget", _TITLE)
    note = await protect(services, site.id, conversation_id, message)
    contact = await protect(services, site.id, conversation_id, wanted.contact.strip())
    text = f"{_NOTED if note or contact else _WISHED} {there.text}"
    async with services.sessions.begin() as session:
        await wish_for_person(session, site.id, conversation_id, note=note, contact=contact)
        if note:
            await say(session, site.id, conversation_id, "visitor", note)
        answer_id = await say(session, site.id, conversation_id, "assistant", text)
    return HandoverTaken(id=answer_id, text=text, open_now=there.open_now)
