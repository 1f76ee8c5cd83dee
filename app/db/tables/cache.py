"""Answers that were given before."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import ForeignKey, Identity, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, now_column, site_column
from app.db.tables.sealed import Opened


class CachedAnswer(Base):
    """An answer that may be given again, with the question that it was given to. It goes with its origin.

    `scope` is a digest of all that must be the same beside the question and the documents: who may read, in which
    language, and which release, configuration and models answer. `question_key` is a digest of the question without
    spacing, the mark at its end and, except in words of capitals, case. `sources` holds the citations, each as a
    `graph.events.Source`.
    """

    __tablename__ = "cached_answers"
    __table_args__ = (UniqueConstraint("site_id", "scope", "knowledge_version", "question_key"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_id: Mapped[int] = site_column(index=False)
    scope: Mapped[str]
    knowledge_version: Mapped[int]
    question_key: Mapped[str]
    sealed_question: Mapped[bytes] = mapped_column("question")
    question = Opened()
    vector: Mapped[Any] = mapped_column(HALFVEC())
    sealed_text: Mapped[bytes] = mapped_column("text")
    text = Opened()
    answered_by: Mapped[str]
    rung: Mapped[str]
    sources: Mapped[list[Any]] = mapped_column(JSONB)
    answer_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = now_column()
    used_at: Mapped[datetime] = now_column()


class UnwantedAnswer(Base):
    """A question whose answer was voted away: until documents change, none is kept for it and none is recalled.

    Names nobody and holds no words; the columns are those of `CachedAnswer`.
    """

    __tablename__ = "unwanted_answers"
    __table_args__ = (PrimaryKeyConstraint("site_id", "scope", "knowledge_version", "question_key"),)

    site_id: Mapped[int] = site_column(index=False)
    scope: Mapped[str]
    knowledge_version: Mapped[int]
    question_key: Mapped[str]
    created_at: Mapped[datetime] = now_column()
