"""A visitor's message as it was asked, read back to ask it again, or to go on for another process."""

from uuid import UUID

from app.db.calls import decided_by
from app.db.conversations import find_visitor_message
from app.db.pseudonyms import load_pseudonyms
from app.turn_request import AttachedText, Decision, TurnRequest
from app.wiring import Services
from graph.guards.pseudonyms import Pseudonyms


async def stored_request(services: Services, user_id: UUID, message_id: UUID) -> TurnRequest | None:
    """The request that a message of this user was, or None when there is no such message."""
    async with services.sessions() as session:
        found = await find_visitor_message(session, user_id, message_id)
        if found is None:
            return None
        message, files = found
        call = await decided_by(session, message.id)
        pseudonyms = Pseudonyms(await load_pseudonyms(session, message.conversation_id))
    return TurnRequest(
        site_id=message.site_id,
        user_id=user_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        text=pseudonyms.restore(message.text),
        attachments=tuple(
            AttachedText(pseudonyms.restore(file.name), file.media_type, pseudonyms.restore(file.text))
            for file in files
        ),
        labels=frozenset(message.labels),
        decision=Decision(call.id, call.digest, agreed=call.state != "declined") if call else None,
    )
