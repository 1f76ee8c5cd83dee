"""What a site's sources have brought: counts by source, and the documents of one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Chunk, Document


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What is stored of a source. `suspicious` counts the passages that seem to hold instructions."""

    documents: int
    passages: int
    suspicious: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document, as a list of them shows it."""

    path: str
    title: str
    passages: int
    suspicious: int
    updated_at: datetime


_PASSAGES = func.count(Chunk.id)
_SUSPICIOUS = func.count(Chunk.id).filter(Chunk.suspicious)


async def count_sources(session: AsyncSession, site_id: int) -> dict[str, SourceCounts]:
    """Count what is stored of each source that has brought a document, in the order of their names."""
    rows = await session.execute(
        select(
            Document.source,
            func.count(Document.id.distinct()),
            _PASSAGES,
            _SUSPICIOUS,
            func.max(Document.updated_at),
        )
        .join(Chunk, Chunk.document_id == Document.id, isouter=True)
        .where(Document.site_id == site_id)
        .group_by(Document.source)
        .order_by(Document.source)
    )
    return {row[0]: SourceCounts(row[1], row[2], row[3], row[4]) for row in rows}


async def documents_of_source(
    session: AsyncSession, site_id: int, source: str, *, after: str, marked: bool, limit: int
) -> list[DocumentLine]:
    """List the documents of a source by their paths.

    Args:
        after: the path behind which the list begins; empty for its beginning.
        marked: only those with passages that seem to hold instructions.
        limit: so many at most.
    """
    statement = (
        select(Document.path, Document.title, _PASSAGES, _SUSPICIOUS, Document.updated_at)
        .join(Chunk, Chunk.document_id == Document.id, isouter=True)
        .where(Document.site_id == site_id, Document.source == source, Document.path > after)
        .group_by(Document.id)
        .order_by(Document.path)
        .limit(limit)
    )
    if marked:
        statement = statement.having(_SUSPICIOUS > 0)
    return [DocumentLine(*row) for row in await session.execute(statement)]
