"""Erasing a visitor and handing a visitor's data out, both with a record in the audit log."""

import hashlib
import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.audit import record
from app.db.calls import arguments_of
from app.db.conversations import load_conversation
from app.db.erasing import erase_user
from app.db.sealed import opened
from app.db.sites import site_by_name
from app.db.tables import Conversation, Handover, Score, ToolCall, User, VisitorKey
from app.db.users import find_user
from app.vault.vault import vault_of
from graph.errors import ParleyError, UnknownSite
from graph.guards.json_texts import with_texts
from graph.guards.pseudonyms import Pseudonyms


class UnknownVisitor(ParleyError):
    """There is no such visitor at this site."""


async def visitor_of(session: AsyncSession, site: str, name: str) -> User:
    """A visitor by their identifier or id.

    Raises:
        UnknownSite, UnknownVisitor: there is none.
    """
    row = await site_by_name(session, site)
    if row is None:
        raise UnknownSite(f"There is no site {site}; `parley site list` shows those there are.")
    user = await find_user(session, row.id, name)
    if user is None:
        try:
            user = await session.scalar(select(User).where(User.site_id == row.id, User.id == UUID(name)))
        except ValueError:
            user = None
    if user is None:
        raise UnknownVisitor
    return user


async def erase(session: AsyncSession, secret: bytes, user: User, *, actor: str) -> dict[str, Any]:
    """Erase a visitor; return the certificate: what was erased, how much of it, when, and a hash of all that.

    The audit log keeps the certificate's hash and its counts.
    """
    keys = list(await session.scalars(select(VisitorKey.id).where(VisitorKey.user_id == user.id)))
    counts = await erase_user(session, user.id)
    vault_of(session).forget(keys)
    certificate: dict[str, Any] = {
        "visitor": str(user.id),
        "site": user.site_id,
        "erased_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "counts": counts,
    }
    certificate["sha256"] = certificate_hash(certificate)
    details = {"counts": counts, "certificate": certificate["sha256"]}
    await record(session, secret, actor=actor, action="erase", subject=str(user.id), details=details)
    return certificate


def certificate_hash(certificate: dict[str, Any]) -> str:
    """SHA-256 of a certificate, without the hash in it, as JSON with sorted keys."""
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


async def export(session: AsyncSession, secret: bytes, user: User, *, actor: str) -> dict[str, Any]:
    """Everything that is stored of a visitor, as plain JSON, with their own words put back."""
    ids = await session.scalars(
        select(Conversation.id).where(Conversation.user_id == user.id).order_by(Conversation.created_at)
    )
    conversations = [await _conversation(session, user.site_id, id_) for id_ in ids.all()]
    details = {"conversations": len(conversations)}
    await record(session, secret, actor=actor, action="export", subject=str(user.id), details=details)
    return {
        "visitor": str(user.id),
        "identifier": user.identifier,
        "display_name": user.display_name,
        "details": user.details,
        "created_at": user.created_at.isoformat(),
        "conversations": conversations,
    }


async def _conversation(session: AsyncSession, site_id: int, conversation_id: UUID) -> dict[str, Any]:
    whole = await load_conversation(session, site_id, conversation_id)
    assert whole is not None  # noqa: S101 - its id was read in this transaction
    pseudonyms = Pseudonyms(whole.pseudonyms)
    back = pseudonyms.restore
    cited: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in whole.citations:
        title, text = (row.title, row.text) if row.chunk_id is not None else (back(row.title), back(row.text))
        cited[row.message_id].append({"title": title, "url": row.url, "text": text})
    judgements = await session.scalars(select(Score).where(Score.message_id.in_([row.id for row in whole.messages])))
    judged = await opened(session, judgements.all())
    handovers = await session.scalars(select(Handover).where(Handover.conversation_id == conversation_id))
    wishes = await opened(session, handovers.all())
    made = await session.scalars(
        select(ToolCall).where(ToolCall.conversation_id == conversation_id).order_by(ToolCall.created_at)
    )
    calls = await opened(session, made.all())
    return {
        "id": str(conversation_id),
        "title": back(whole.conversation.title),
        "door": whole.conversation.door,
        "created_at": whole.conversation.created_at.isoformat(),
        "messages": [
            {
                "id": str(row.id),
                "role": row.role,
                "text": back(row.text),
                "status": row.status,
                "answered_by": row.answered_by,
                "labels": row.labels,
                "created_at": row.created_at.isoformat(),
                "sources": cited[row.id],
            }
            for row in whole.messages
        ],
        "attachments": [
            {"name": back(row.name), "media_type": row.media_type, "text": back(row.text)} for row in whole.attachments
        ],
        "ratings": [
            {"message": str(row.message_id), "by": row.source, "name": row.name, "value": row.value}
            | {"comment": back(row.comment) if row.comment else None}
            for row in judged
        ],
        "wishes_for_a_person": [
            {"note": back(row.note), "contact": back(row.contact), "created_at": row.created_at.isoformat()}
            for row in wishes
        ],
        "calls_of_tools": [
            {
                "tool": row.tool,
                "state": row.state,
                "arguments": {name: with_texts(value, back) for name, value, _ in arguments_of(row)},
                "result": back(row.result),
                "created_at": row.created_at.isoformat(),
            }
            for row in calls
        ],
        "personal_data_found": whole.pseudonyms,
    }
