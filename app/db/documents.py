"""Documents, their passages and vectors."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.sites import knowledge_changed
from app.db.tables import Chunk, Document, Embedding
from app.db.tables.knowledge import DICTIONARIES, ENGLISH
from app.db.word_counts import count_words, uncount_words
from graph.context import FloatArray
from graph.knowledge.split import Chunk as Passage


@dataclass(frozen=True, slots=True)
class Fetched:
    """How a document came from the web: a digest of its content, where it was in the end, and what its server gave.

    `etag` and `modified` let the server tell later whether it has changed.
    """

    digest: str
    url: str
    etag: str | None
    modified: str | None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that is to be stored. `vectors` has shape `(len(chunks), dimensions)`.

    Attributes:
        suspicious: of each chunk, whether it seems to hold instructions; empty when they were not screened.
        audience: labels of which a reader needs one; without any, everybody reads it.
        language: its code of ISO 639-1, if it is known.
        fetched: how it came, if it was fetched.
    """

    path: str
    title: str
    url: str | None
    content_hash: str
    chunks: Sequence[Passage]
    vectors: FloatArray
    suspicious: Sequence[bool] = ()
    audience: Sequence[str] = ()
    language: str | None = None
    fetched: Fetched | None = None


async def document_sources(session: AsyncSession, site_id: int) -> list[str]:
    """Return the sources from which a site has documents."""
    found = await session.scalars(select(Document.source).where(Document.site_id == site_id).distinct())
    return sorted(found)


async def content_hashes(session: AsyncSession, site_id: int, source: str) -> dict[str, str]:
    """Return the content hash of every document of a source, by path."""
    rows = await session.execute(
        select(Document.path, Document.content_hash).where(Document.site_id == site_id, Document.source == source)
    )
    return {row.path: row.content_hash for row in rows}


async def fetched_pages(session: AsyncSession, site_id: int, source: str) -> dict[str, tuple[str, Fetched]]:
    """Return the content hash of each document of a source that was fetched, and how it came, by path."""
    rows = await session.execute(
        select(Document.path, Document.content_hash, Document.fetched).where(
            Document.site_id == site_id, Document.source == source, Document.fetched.is_not(None)
        )
    )
    return {row.path: (row.content_hash, Fetched(**row.fetched)) for row in rows}


async def labels_of_source(session: AsyncSession, site_id: int, source: str) -> list[str]:
    """Return the labels that a source's documents are for, in order; none if all of them are everybody's."""
    found = await session.scalars(
        select(func.unnest(Document.audience)).where(Document.site_id == site_id, Document.source == source).distinct()
    )
    return sorted(found)


async def count_documents(session: AsyncSession, site_id: int) -> int:
    """Return how many documents a site has."""
    return await session.scalar(select(func.count()).where(Document.site_id == site_id)) or 0


async def write_documents(
    session: AsyncSession, site_id: int, source: str, documents: Sequence[NewDocument], *, model: str
) -> None:
    """Store documents, each in place of what stands under its path. `model` names the encoder of the vectors."""
    if not documents:
        return
    await knowledge_changed(session, site_id)
    await uncount_words(session, site_id, source, [document.path for document in documents])
    ids = await _upsert(session, site_id, source, documents)
    await session.execute(delete(Chunk).where(Chunk.document_id.in_(ids.values())))
    chunks = [
        {
            "site_id": site_id,
            "document_id": ids[document.path],
            "position": position,
            "heading": chunk.heading,
            "text": chunk.text,
            "page": chunk.page,
            "suspicious": position < len(document.suspicious) and document.suspicious[position],
            "dictionary": DICTIONARIES.get(document.language or "", ENGLISH),
        }
        for document in documents
        for position, chunk in enumerate(document.chunks)
    ]
    chunk_ids = await session.scalars(insert(Chunk).returning(Chunk.id, sort_by_parameter_order=True), chunks)
    await count_words(session, site_id, ids.values())
    vectors = (vector for document in documents for vector in document.vectors)
    await session.execute(
        insert(Embedding),
        [
            {"chunk_id": chunk_id, "model": model, "site_id": site_id, "vector": vector}
            for chunk_id, vector in zip(chunk_ids, vectors, strict=True)
        ],
    )


async def remove_documents(session: AsyncSession, site_id: int, source: str, paths: Collection[str]) -> int:
    """Remove documents with all that hangs on them; return how many there were."""
    if not paths:
        return 0
    await knowledge_changed(session, site_id)
    await uncount_words(session, site_id, source, paths)
    removed = await session.scalars(
        delete(Document)
        .where(Document.site_id == site_id, Document.source == source, Document.path.in_(paths))
        .returning(Document.id)
    )
    return len(removed.all())


async def _upsert(session: AsyncSession, site_id: int, source: str, documents: Sequence[NewDocument]) -> dict[str, int]:
    statement = upsert(Document).values(
        [
            {
                "site_id": site_id,
                "source": source,
                "path": document.path,
                "title": document.title,
                "url": document.url,
                "content_hash": document.content_hash,
                "audience": list(document.audience),
                "language": document.language,
                "fetched": None if document.fetched is None else asdict(document.fetched),
            }
            for document in documents
        ]
    )
    columns = ("title", "url", "content_hash", "audience", "language", "fetched")
    replaced = {name: statement.excluded[name] for name in columns}
    rows = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["site_id", "source", "path"], set_=replaced | {"updated_at": func.now()}
        ).returning(Document.path, Document.id)
    )
    return {row.path: row.id for row in rows}
