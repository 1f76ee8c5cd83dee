"""Every table. Rows of a site carry `site_id`; erasing a user or a conversation takes with it all that hangs on it."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import CheckConstraint, Computed, ForeignKey, Identity, Index, MetaData, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import BIGINT, JSONB, TIMESTAMP, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Time = TIMESTAMP(timezone=True)


class Base(DeclarativeBase):
    """Maps Python types to PostgreSQL's, and names every constraint, so that a migration can name it, too."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pk",
            "fk": "%(table_name)s_%(column_0_N_name)s_fk",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "ix": "%(table_name)s_%(column_0_N_name)s_index",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {int: BIGINT, datetime: Time, dict[str, Any]: JSONB}


def _site(*, index: bool = True) -> Mapped[int]:
    """The owning site; `index` is for tables that have no other index that starts with it."""
    return mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), index=index)


def _now() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


def _json() -> Mapped[dict[str, Any]]:
    return mapped_column(server_default=text("'{}'::jsonb"))


class Site(Base):
    """A tenant: one website or product."""

    __tablename__ = "sites"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    knowledge_version: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = _now()


class User(Base):
    """A person: a visitor (a guest, too), a member of staff or an admin."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("site_id", "identifier"),
        CheckConstraint("role IN ('visitor', 'staff', 'admin')", name="role"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    site_id: Mapped[int] = _site(index=False)
    identifier: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="visitor")
    display_name: Mapped[str | None]
    password_hash: Mapped[str | None]
    details: Mapped[dict[str, Any]] = _json()
    created_at: Mapped[datetime] = _now()


class Conversation(Base):
    """All messages between one visitor and the assistant on one subject. Chainlit calls it a thread."""

    __tablename__ = "conversations"
    __table_args__ = (Index("conversations_of_user", "user_id", "updated_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _site()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str | None]
    details: Mapped[dict[str, Any]] = _json()
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()


class Message(Base):
    """What a visitor, the assistant or staff wrote, with personal data replaced by pseudonyms.

    `status` is `open` while an answer is being made, then `done`, `stopped` (by the visitor), `cut` (the process
    died) or `failed`.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("role IN ('visitor', 'assistant', 'staff')", name="role"),
        CheckConstraint("status IN ('open', 'done', 'stopped', 'cut', 'failed')", name="status"),
        Index("messages_of_conversation", "conversation_id", "created_at"),
        Index("messages_open", "created_at", postgresql_where=text("status = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _site()
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    reply_to: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    role: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="done")
    text: Mapped[str]
    answered_by: Mapped[str | None]
    rung: Mapped[str | None]
    notice: Mapped[str | None]
    owner: Mapped[str | None]
    """Which process is making an open answer: the id under which it holds an advisory lock."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Citation(Base):
    """A passage that an answer cites, kept as it was, even when the document changes."""

    __tablename__ = "citations"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = _site()
    chunk_id: Mapped[int | None] = mapped_column(ForeignKey("chunks.id", ondelete="SET NULL"), index=True)
    document: Mapped[str]
    title: Mapped[str]
    heading: Mapped[str]
    url: Mapped[str | None]
    text: Mapped[str]


class Attachment(Base):
    """A text file that a visitor sent along, as it was read."""

    __tablename__ = "attachments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _site()
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[datetime] = _now()


class Pseudonym(Base):
    """The value that a token such as `[EMAIL_1]` stands for within one conversation."""

    __tablename__ = "pseudonyms"
    # By digest, because a value may be longer than an index takes.
    __table_args__ = (Index("pseudonyms_value", "conversation_id", "type", text("md5(value)"), unique=True),)

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _site()
    type: Mapped[str]
    value: Mapped[str]


class Document(Base):
    """A file, page or record of a site's knowledge. `path` is relative to `source`, or the record's id."""

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("site_id", "source", "path"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_id: Mapped[int] = _site(index=False)
    source: Mapped[str]
    path: Mapped[str]
    title: Mapped[str]
    url: Mapped[str | None]
    content_hash: Mapped[str]
    updated_at: Mapped[datetime] = _now()


class Chunk(Base):
    """A passage of a document: the unit that is found and cited."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("document_id", "position"),
        Index("chunks_words", "words", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_id: Mapped[int] = _site()
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    position: Mapped[int]
    heading: Mapped[str]
    text: Mapped[str]
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "setweight(to_tsvector('english', heading), 'A') || setweight(to_tsvector('english', text), 'B')",
            persisted=True,
        ),
    )


class Embedding(Base):
    """A chunk's vector, of unit length. Its own table, so that PostgreSQL does not move the vectors out of line."""

    __tablename__ = "embeddings"

    chunk_id: Mapped[int] = mapped_column(
        ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    model: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _site()
    vector: Mapped[Any] = mapped_column(HALFVEC())


class Trace(Base):
    """One turn: what was asked of whom, how it went and how long it took."""

    __tablename__ = "traces"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _site()
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime]
    duration_ms: Mapped[float]
    outcome: Mapped[str]
    intent: Mapped[str | None]
    intent_score: Mapped[float | None]
    details: Mapped[dict[str, Any]] = _json()


class Span(Base):
    """One step of a trace."""

    __tablename__ = "spans"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_id: Mapped[int] = _site()
    trace_id: Mapped[UUID] = mapped_column(ForeignKey("traces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    detail: Mapped[str]
    started_at: Mapped[datetime]
    duration_ms: Mapped[float]


class Score(Base):
    """A judgement of a trace or of one of its spans, and who gave it."""

    __tablename__ = "scores"
    __table_args__ = (
        CheckConstraint("source IN ('visitor', 'staff', 'model', 'rule')", name="source"),
        CheckConstraint("num_nonnulls(trace_id, span_id, message_id) > 0", name="subject"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    site_id: Mapped[int] = _site()
    trace_id: Mapped[UUID | None] = mapped_column(ForeignKey("traces.id", ondelete="CASCADE"), index=True)
    span_id: Mapped[int | None] = mapped_column(ForeignKey("spans.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    source: Mapped[str]
    name: Mapped[str]
    value: Mapped[float]
    comment: Mapped[str | None]
    created_at: Mapped[datetime] = _now()


class Usage(Base):
    """Tokens and money of one model call. Outlives the trace, because the bill does."""

    __tablename__ = "usage"
    __table_args__ = (Index("usage_by_day", "site_id", "created_at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_id: Mapped[int] = _site(index=False)
    trace_id: Mapped[UUID | None] = mapped_column(ForeignKey("traces.id", ondelete="SET NULL"), index=True)
    model: Mapped[str]
    rung: Mapped[str]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    estimated: Mapped[bool]
    cost_usd: Mapped[Decimal | None]
    created_at: Mapped[datetime] = _now()
