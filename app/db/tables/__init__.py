"""Every table. Rows of a site carry `site_id`; erasing a user or a conversation takes with it all that hangs on it."""

from app.db.tables.audit import AuditRecord
from app.db.tables.base import Base
from app.db.tables.cache import CachedAnswer, UnwantedAnswer
from app.db.tables.calls import ToolCall
from app.db.tables.conversations import Attachment, Citation, Conversation, Handover, Message, Pseudonym
from app.db.tables.intents import IntentCorrection, IntentVersion
from app.db.tables.keys import SiteKey, VisitorKey
from app.db.tables.knowledge import Chunk, Document, Embedding, Ingestion, WordCount
from app.db.tables.people import (
    Member,
    MemberIdentity,
    MemberLink,
    MemberSession,
    Membership,
    OpenIdFlow,
    ServiceToken,
    Site,
    User,
)
from app.db.tables.records import Alert, Breaker, PrivacySpent, Rate, Score, Span, Spend, Trace, Usage

__all__ = [
    "Alert",
    "Attachment",
    "AuditRecord",
    "Base",
    "Breaker",
    "CachedAnswer",
    "Chunk",
    "Citation",
    "Conversation",
    "Document",
    "Embedding",
    "Handover",
    "Ingestion",
    "IntentCorrection",
    "IntentVersion",
    "Member",
    "MemberIdentity",
    "MemberLink",
    "MemberSession",
    "Membership",
    "Message",
    "OpenIdFlow",
    "PrivacySpent",
    "Pseudonym",
    "Rate",
    "Score",
    "ServiceToken",
    "Site",
    "SiteKey",
    "Span",
    "Spend",
    "ToolCall",
    "Trace",
    "UnwantedAnswer",
    "Usage",
    "User",
    "VisitorKey",
    "WordCount",
]
