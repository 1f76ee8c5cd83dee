"""Documents, and what is found in them."""

from datetime import datetime
from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    ARRAY,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, now_column, site_column

DICTIONARIES = {
    "ar": "arabic",
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
"""PostgreSQL's text search configuration of each language that has one of its own here. Everything else is read by
`ENGLISH`."""
ENGLISH = "english"


def words_by_dictionary() -> str:
    """The expression of a passage's words.

    It names each dictionary, because a stored column must not depend on what a name in another column stands for.
    """
    read = "setweight(to_tsvector('{0}', heading), 'A') || setweight(to_tsvector('{0}', text), 'B')"
    cases = " ".join(f"WHEN '{name}' THEN {read.format(name)}" for name in DICTIONARIES.values())
    return f"CASE dictionary {cases} ELSE {read.format(ENGLISH)} END"


class Document(Base):
    """A file, page or record of a site's knowledge. `path` is relative to `source`, or the record's id.

    `audience` holds the labels of which a reader needs one; nobody needs any where it is empty. `language` is a code of
    ISO 639-1, if it is known. `fetched` says how it came, if it came from the web (see `app.db.documents.Fetched`).
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("site_id", "source", "path"),
        Index("documents_restricted", "site_id", postgresql_where=text("audience <> '{}'")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_id: Mapped[int] = site_column(index=False)
    source: Mapped[str]
    path: Mapped[str]
    title: Mapped[str]
    url: Mapped[str | None]
    content_hash: Mapped[str]
    audience: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    language: Mapped[str | None]
    fetched: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    updated_at: Mapped[datetime] = now_column()


class Chunk(Base):
    """A passage of a document: the unit that is found and cited.

    `page` is its page in a paged document, from 1. A `suspicious` passage seems to hold instructions to the model.
    `dictionary` cuts its words to stems.
    """

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("document_id", "position"),
        Index("chunks_site_words", "site_id", "words", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_id: Mapped[int] = site_column(index=False)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    position: Mapped[int]
    heading: Mapped[str]
    text: Mapped[str]
    page: Mapped[int | None]
    suspicious: Mapped[bool] = mapped_column(server_default=false())
    dictionary: Mapped[str] = mapped_column(server_default=ENGLISH)
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(words_by_dictionary(), persisted=True),
    )


class WordCount(Base):
    """How many passages of a site that have one audience have a word, as a dictionary cuts it.

    The empty word counts all passages that the dictionary reads. See `app.db.word_counts`.
    """

    __tablename__ = "word_counts"

    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    lexeme: Mapped[str] = mapped_column(primary_key=True)
    dictionary: Mapped[str] = mapped_column(primary_key=True)
    audience: Mapped[list[str]] = mapped_column(ARRAY(Text), primary_key=True)
    passages: Mapped[int]


class Embedding(Base):
    """A chunk's vector, of unit length. Its own table, so that PostgreSQL does not move the vectors out of line."""

    __tablename__ = "embeddings"
    __table_args__ = tuple(
        Index(
            f"embeddings_nearest_{dimensions}",
            literal_column(f"CAST(vector AS halfvec({dimensions}))").label("near"),
            postgresql_using="hnsw",
            postgresql_ops={"near": "halfvec_ip_ops"},
            postgresql_where=text(f"vector_dims(vector) = {dimensions}"),
        )
        for dimensions in (384, 768, 1024)
    )

    chunk_id: Mapped[int] = mapped_column(
        ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    model: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[int] = site_column()
    vector: Mapped[Any] = mapped_column(HALFVEC())


class Ingestion(Base):
    """The last run of a source of documents, or the one under way.

    `audience` is whom its documents were for then; `planned`, whether the site's configuration names it. `told_at` is
    when the run last said how far it was; `ended_at` is null until it has ended, and `error` says why it broke off.
    `failed` holds pairs of what could not be read and why, the first of `failures`.
    """

    __tablename__ = "ingestions"

    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    planned: Mapped[bool] = mapped_column(server_default=false())
    audience: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    started_at: Mapped[datetime]
    told_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None]
    seen: Mapped[int] = mapped_column(server_default="0")
    added: Mapped[int] = mapped_column(server_default="0")
    changed: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    removed: Mapped[int] = mapped_column(server_default="0")
    skipped: Mapped[int] = mapped_column(server_default="0")
    chunks: Mapped[int] = mapped_column(server_default="0")
    failures: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[list[list[str]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
