"""Stored conversations as the widget shows them: restored, for their own visitor only."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from app.db.answers import MOST_ATTEMPTS, TAKEN_UP_WITHIN
from app.db.conversations import Page, Whole
from app.db.tables import Message
from app.protecting import restored
from app.sites.tools import SiteTool
from app.tool_use.asked import asked_of
from app.tool_use.shown import asked_shown
from app.widget.models import (
    AttachmentShown,
    ConversationListed,
    Conversations,
    ConversationShown,
    MessageShown,
    RatingShown,
    SourceShown,
)
from graph.events import Source
from graph.guards.pseudonyms import Pseudonyms
from graph.guards.restoring import restored_answer


def source_shown(source: Source) -> SourceShown:
    """A source without what only we know of it."""
    link = source.url if (source.url or "").startswith(("http://", "https://")) else None
    return SourceShown(
        number=source.number,
        title=source.title,
        heading=source.heading,
        document=source.document,
        url=link,
        text=source.text,
    )


def conversations_shown(page: Page) -> Conversations:
    """A list of conversations."""
    return Conversations(
        conversations=[
            ConversationListed(
                id=row.id,
                title=Pseudonyms(page.pseudonyms[row.id]).restore(row.title or ""),
                updated_at=row.updated_at,
            )
            for row in page.conversations
        ]
    )


def conversation_shown(whole: Whole, tools: Sequence[SiteTool]) -> ConversationShown:
    """A conversation with all that its visitor sees of it.

    Args:
        tools: of the site, for the titles of calls that wait.
    """
    pseudonyms = Pseudonyms(whole.pseudonyms)
    sources: dict[UUID, list[SourceShown]] = defaultdict(list)
    for citation in whole.citations:
        sources[citation.message_id].append(source_shown(restored(citation, pseudonyms)))
    attachments: dict[UUID | None, list[AttachmentShown]] = defaultdict(list)
    for file in whole.attachments:
        text = pseudonyms.restore(file.text)
        attachments[file.message_id].append(
            AttachmentShown(name=pseudonyms.restore(file.name), bytes=len(text.encode()))
        )
    ratings = {
        score.message_id: RatingShown(
            value=round(score.value), comment=pseudonyms.restore(score.comment) if score.comment else None
        )
        for score in whole.scores
    }
    asked = {answer_id: asked_shown(asked_of(call, tools, pseudonyms)) for answer_id, call in whole.waiting.items()}
    return ConversationShown(
        id=whole.conversation.id,
        messages=[
            MessageShown(
                id=message.id,
                role=message.role,
                text=_text(message, pseudonyms),
                status=_status(message),
                created_at=message.created_at,
                reply_to=message.reply_to,
                notice=message.notice,
                sources=sources[message.id],
                rating=ratings.get(message.id),
                attachments=attachments[message.id],
                asked=asked.get(message.id),
            )
            for message in whole.messages
        ],
    )


def _text(message: Message, pseudonyms: Pseudonyms) -> str:
    """A visitor's own words as they were written; an answer as Markdown in which they are text."""
    if message.role == "visitor":
        return pseudonyms.restore(message.text)
    return restored_answer(message.text, pseudonyms)


def _status(message: Message) -> str:
    """An answer that was cut a moment ago counts as open: whoever follows it has it begun anew."""
    recent = datetime.now(UTC) - message.created_at < TAKEN_UP_WITHIN and message.attempt < MOST_ATTEMPTS
    return "open" if message.status == "cut" and recent else message.status
