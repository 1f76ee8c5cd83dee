"""What visitors and Parley say to each other."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, json_column, now_column, site_column
from app.db.tables.sealed import Opened, clear_index


class Conversation(Base):
    """All messages between one visitor and the assistant on one subject. Chainlit calls it a thread."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("conversations_of_user", "user_id", "updated_at"),
        Index("conversations_by_age", "site_id", "updated_at"),
        clear_index("conversations", "id", "title"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = site_column(index=False)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    door: Mapped[str] = mapped_column(server_default="page")
    """Where it came in: `page`, `widget` or `api`."""
    sealed_title: Mapped[bytes | None] = mapped_column("title")
    title = Opened()
    details: Mapped[dict[str, Any]] = json_column()
    created_at: Mapped[datetime] = now_column()
    updated_at: Mapped[datetime] = now_column()


class Message(Base):
    """What a visitor, the assistant or staff wrote, with personal data replaced by pseudonyms, and encrypted.

    `status` is `open` while an answer is being made, then `done`, `stopped` (by the visitor), `cut` (the process
    died) or `failed`.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("role IN ('visitor', 'assistant', 'staff')", name="role"),
        CheckConstraint("status IN ('open', 'done', 'stopped', 'cut', 'failed')", name="status"),
        Index("messages_of_conversation", "conversation_id", "created_at"),
        Index("messages_open", "created_at", postgresql_where=text("status = 'open'")),
        clear_index("messages", "id", "text"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = site_column()
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    reply_to: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    role: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="done")
    sealed_text: Mapped[bytes] = mapped_column("text")
    text = Opened()
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """What its visitor had when they asked: who reads the documents of which audiences."""
    answered_by: Mapped[str | None]
    rung: Mapped[str | None]
    notice: Mapped[str | None]
    owner: Mapped[str | None]
    """Which process is making an open answer: the id under which it holds an advisory lock."""
    attempt: Mapped[int] = mapped_column(server_default="1")
    """How many processes have begun this answer: one that died is followed by another."""
    withdrawn: Mapped[int] = mapped_column(server_default="0")
    """How often the text shown so far was taken back, so that who follows knows which text they have seen."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Citation(Base):
    """A passage that an answer cites, of a document or a visitor's file, kept as it was, even when that changes."""

    __tablename__ = "citations"
    __table_args__ = (clear_index("citations", "message_id", "document", "title", "heading", "text"),)

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = site_column()
    chunk_id: Mapped[int | None] = mapped_column(ForeignKey("chunks.id", ondelete="SET NULL"), index=True)
    sealed_document: Mapped[bytes] = mapped_column("document")
    document = Opened()
    sealed_title: Mapped[bytes] = mapped_column("title")
    title = Opened()
    sealed_heading: Mapped[bytes] = mapped_column("heading")
    heading = Opened()
    url: Mapped[str | None]
    sealed_text: Mapped[bytes] = mapped_column("text")
    text = Opened()


class Attachment(Base):
    """A text file that a visitor sent along, as it was read."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("attachments_by_age", "site_id", "created_at"),
        clear_index("attachments", "id", "name", "text"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = site_column(index=False)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    sealed_name: Mapped[bytes] = mapped_column("name")
    name = Opened()
    media_type: Mapped[str]
    sealed_text: Mapped[bytes] = mapped_column("text")
    text = Opened()
    created_at: Mapped[datetime] = now_column()


class Pseudonym(Base):
    """The value that a token such as `[EMAIL_1]` stands for within one conversation, encrypted."""

    __tablename__ = "pseudonyms"
    __table_args__ = (clear_index("pseudonyms", "conversation_id", "value"),)

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[int] = site_column()
    type: Mapped[str]
    sealed_value: Mapped[bytes] = mapped_column("value")
    value = Opened()


class Handover(Base):
    """A visitor's wish to talk to a person. Texts are protected like messages."""

    __tablename__ = "handovers"
    __table_args__ = (clear_index("handovers", "id", "note", "contact"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    site_id: Mapped[int] = site_column()
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    sealed_note: Mapped[bytes] = mapped_column("note")
    note = Opened()
    sealed_contact: Mapped[bytes] = mapped_column("contact")
    contact = Opened()
    created_at: Mapped[datetime] = now_column()
