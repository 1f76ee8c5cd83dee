"""Vectors of several encoders: those that are made later, beside those by which passages are found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pgvector import HalfVector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from graph.context import FloatArray

_MISSING = text("""
    SELECT id, heading, text FROM chunks
    WHERE site_id = :site_id
      AND NOT EXISTS (SELECT FROM embeddings WHERE chunk_id = chunks.id AND model = :model)
    ORDER BY id LIMIT :limit
""")
# A chunk that was replaced meanwhile is passed over; one that stays cannot go before this is committed.
_STORE = text("""
    WITH there AS (SELECT id FROM chunks WHERE id = ANY(CAST(:ids AS bigint[])) FOR KEY SHARE)
    INSERT INTO embeddings (chunk_id, model, site_id, vector)
    SELECT id, :model, :site_id, CAST(vector AS halfvec)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:vectors AS text[])) AS given (id, vector) JOIN there USING (id)
    ON CONFLICT DO NOTHING
""")
_LENGTH = text("SELECT vector_dims(vector) FROM embeddings WHERE site_id = :site_id AND model = :model LIMIT 1")
_FORGET = text("DELETE FROM embeddings WHERE site_id = :site_id AND model <> ALL(CAST(:kept AS text[]))")
_PASSAGES = text("SELECT count(*) FROM chunks WHERE site_id = :site_id")
_SEEN = text("""
    SELECT model, count(*) FROM embeddings
    WHERE site_id = :site_id AND model = ANY(CAST(:models AS text[])) GROUP BY model
""")
_VERSION = text("SELECT knowledge_version FROM sites WHERE id = :site_id")


@dataclass(frozen=True, slots=True)
class Unseen:
    """A passage that an encoder has not seen."""

    chunk_id: int
    heading: str
    text: str


async def unseen_passages(session: AsyncSession, site_id: int, model: str, *, limit: int) -> list[Unseen]:
    """Some passages of a site that have no vector of this encoder yet."""
    rows = await session.execute(_MISSING, {"site_id": site_id, "model": model, "limit": limit})
    return [Unseen(*row) for row in rows]


async def store_vectors(
    session: AsyncSession, site_id: int, model: str, passages: Sequence[Unseen], vectors: FloatArray
) -> None:
    """Store vectors of shape `(len(passages), dimensions)`. The caller commits."""
    await session.execute(
        _STORE,
        {
            "ids": [passage.chunk_id for passage in passages],
            "vectors": [HalfVector(vector).to_text() for vector in vectors],
            "model": model,
            "site_id": site_id,
        },
    )


async def stored_length(session: AsyncSession, site_id: int, model: str) -> int | None:
    """How many numbers an encoder's vectors of a site have; None if it has none."""
    length = await session.scalar(_LENGTH, {"site_id": site_id, "model": model})
    return None if length is None else int(length)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many passages a site has, and how many of them each encoder has seen."""

    passages: int
    seen: Mapping[str, int]

    def unseen(self, model: str) -> int:
        """How many it has not seen."""
        return self.passages - self.seen.get(model, 0)


async def coverage(session: AsyncSession, site_id: int, models: Sequence[str]) -> Coverage:
    """How much of a site each of the encoders has seen."""
    seen = await session.execute(_SEEN, {"site_id": site_id, "models": list(models)})
    counts = {model: int(count) for model, count in seen}
    return Coverage(int(await session.scalar(_PASSAGES, {"site_id": site_id}) or 0), counts)


async def forget_others(session: AsyncSession, site_id: int, kept: Sequence[str]) -> None:
    """Remove the vectors of all encoders but these. The caller commits."""
    await session.execute(_FORGET, {"site_id": site_id, "kept": list(kept)})


async def knowledge_version(session: AsyncSession, site_id: int) -> int:
    """How often the site's documents have changed."""
    return int((await session.execute(_VERSION, {"site_id": site_id})).scalar_one())
