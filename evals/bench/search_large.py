"""Search among a hundred thousand passages: how long it takes and what it misses, alone and beside other stores.

Passages are made of the halves of two real ones each, so that their words are as frequent as words are, and none is
another's twin. Their vectors lie between those of the two, moved a little.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pgvector import HalfVector
from psycopg import AsyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.search import SiteKnowledge
from app.db.sites import ensure_site
from app.db.word_counts import count_words
from app.wiring import Services
from evals.bench.figure import Figure, median, percentile
from evals.bench.material import Material
from evals.bench.stores import STORES, open_store
from graph.context import FloatArray

PASSAGES = 100_000
SHARES = {"1 %": 0.01, "10 %": 0.1, "89 %": 0.89}
"""What each site holds of all passages."""
DOCUMENT = 10
"""Passages of a document."""
QUESTIONS = 40
WARM_UP = 5
NOISE = 0.02
FOUND = 10
LEAST_CHARS = 200
MODEL = "bench-large"
COMMON_WORDS = "site data"
"""Put before a question: most passages of the public set have one of them."""
EVERYTHING = 10**9
INDEX = "embeddings_nearest_384"


@dataclass(frozen=True, slots=True)
class Passages:
    """Row `i` has text `i`, vector `i` of unit length, and belongs to site `i` by number."""

    texts: list[str]
    vectors: FloatArray
    sites: list[int]


async def measure_large_search(services: Services, documents: Material, interpreter: Path | None) -> list[Figure]:
    """Search in sites of several sizes.

    Args:
        interpreter: Python that has other stores; without it they are not run.
    """
    passages = await asyncio.to_thread(_made, services, documents)
    site_ids = await _stored(services, passages)
    asked = documents.questions[: QUESTIONS + WARM_UP]
    vectors = np.stack([(await asyncio.to_thread(services.encoder.encode, [f"{each} "]))[0] for each in asked])
    figures = []
    for number, (share, site_id) in enumerate(zip(SHARES, site_ids, strict=True)):
        figures += await _searched(services, site_id, share, asked, vectors)
        own = np.flatnonzero(np.asarray(passages.sites) == number)
        nearest = [set(own[np.argsort(-(passages.vectors[own] @ vector))[:FOUND]].tolist()) for vector in vectors]
        if interpreter is not None and number == 0:
            figures += await asyncio.to_thread(_others, interpreter, passages, vectors, number, share, nearest)
    return figures


async def _searched(
    services: Services, site_id: int, share: str, asked: Sequence[str], vectors: FloatArray
) -> list[Figure]:
    """Ask as the product does, and again with every vector compared."""
    usual = SiteKnowledge(services.sessions, site_id, MODEL)
    exact = SiteKnowledge(services.sessions, site_id, MODEL, exact_rows=EVERYTHING)
    figures = []
    for kind, begin in (("", ""), (", two common words more", f"{COMMON_WORDS} ")):
        took_ms, kept, right = [], 0, 0
        for number, (question, vector) in enumerate(zip(asked, vectors, strict=True)):
            began = time.perf_counter()
            found = await usual.search(begin + question, vector, limit=FOUND)
            if number >= WARM_UP:
                took_ms.append((time.perf_counter() - began) * 1000)
            best = await exact.search(begin + question, vector, limit=FOUND)
            kept += len({each.chunk_id for each in found} & {each.chunk_id for each in best})
            right += len(best)
        small, common = share == "1 %" and not kind, bool(kind)
        figures += [
            Figure(f"site of {share}{kind}: median", median(took_ms), "ms", 4 if small else None),
            Figure(f"site of {share}{kind}: 95th percentile", percentile(took_ms, 95), "ms", 50 if common else None),
            Figure(f"site of {share}{kind}: of the ten best, found", kept / right, "", 0.98, least=True),
        ]
    return figures


def _others(
    interpreter: Path,
    passages: Passages,
    vectors: FloatArray,
    site: int,
    share: str,
    nearest: list[set[int]],
) -> list[Figure]:
    """Ask other stores for the nearest vectors of a site."""
    figures = []
    for name in STORES:
        with open_store(interpreter, name) as store:
            built_s = store.build(passages.texts, passages.vectors, passages.sites)
            store.query(vectors[:WARM_UP], site=site, limit=FOUND)
            found = store.query(vectors, site=site, limit=FOUND)
        kept = sum(len(right & set(rows)) for right, rows in zip(nearest, found.rows, strict=True))
        figures += [
            Figure(f"{name}, site of {share}: median", median(found.ms), "ms"),
            Figure(f"{name}, site of {share}: of the ten nearest, found", kept / (FOUND * len(nearest)), ""),
            Figure(f"{name}: storing {len(passages.texts)} passages", built_s, "s"),
        ]
    return figures


def _made(services: Services, documents: Material) -> Passages:
    real = [
        part
        for title, body in documents.documents
        for part in (f"{title}. {piece.strip()}" for piece in body.split("\n\n"))
        if len(part) >= LEAST_CHARS
    ]
    encoded = services.encoder.encode(real)
    draw = np.random.default_rng(11)
    halves = draw.integers(len(real), size=(PASSAGES, 2))
    moved = encoded[halves].sum(axis=1) / 2 + draw.normal(0, NOISE, (PASSAGES, encoded.shape[1]))
    vectors: FloatArray = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)
    texts = [
        f"Passage {number}. {real[one][: len(real[one]) // 2]} {real[other][len(real[other]) // 2 :]}"
        for number, (one, other) in enumerate(halves.tolist())
    ]
    ends = np.cumsum([round(share * PASSAGES / DOCUMENT) * DOCUMENT for share in SHARES.values()])
    ends[-1] = PASSAGES
    return Passages(texts, vectors, np.searchsorted(ends, np.arange(PASSAGES), side="right").tolist())


async def _stored(services: Services, passages: Passages) -> list[int]:
    """Copy the passages into the tables; the index of their vectors is built afterwards, which is quicker."""
    async with services.sessions.begin() as session:
        site_ids = [(await ensure_site(session, f"bench-large {share}")).id for share in SHARES]
    async with services.engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("SET statement_timeout = 0"))
        await connection.execute(text("SET maintenance_work_mem = '1GB'"))
        index = await connection.scalar(
            text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": INDEX}
        )
        await connection.execute(text(f"DROP INDEX {INDEX}"))
        raw = await connection.get_raw_connection()
        await _copied(raw.driver_connection, passages, site_ids)
        await connection.execute(text(str(index)))
        for site_id in site_ids:
            ids = await connection.scalars(text("SELECT id FROM documents WHERE site_id = :id"), {"id": site_id})
            await count_words(AsyncSession(connection), site_id, ids.all())
        await connection.execute(text("VACUUM (ANALYZE) embeddings, chunks, documents, word_counts"))
        await connection.execute(text("RESET ALL"))
    return site_ids


async def _copied(database: AsyncConnection[tuple[int]] | None, passages: Passages, site_ids: list[int]) -> None:
    assert database is not None  # noqa: S101 - a connection that is open
    async with database.cursor() as cursor:
        await cursor.execute("SELECT coalesce(max(id), 0) FROM documents")
        (first,) = await cursor.fetchone() or (0,)
        columns = "documents (site_id, source, path, title, content_hash)"
        async with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
            for number in range(0, len(passages.texts), DOCUMENT):
                await copy.write_row((site_ids[passages.sites[number]], MODEL, str(number), "", f"{number:032x}"))
        await cursor.execute("SELECT min(id) FROM documents WHERE id > %s AND source = %s", (first, MODEL))
        (document,) = await cursor.fetchone() or (0,)
        async with cursor.copy("COPY chunks (site_id, document_id, position, heading, text) FROM STDIN") as copy:
            for number, words in enumerate(passages.texts):
                place = (document + number // DOCUMENT, number % DOCUMENT, "", words)
                await copy.write_row((site_ids[passages.sites[number]], *place))
        await cursor.execute("SELECT min(id) FROM chunks WHERE document_id = %s", (document,))
        (chunk,) = await cursor.fetchone() or (0,)
        async with cursor.copy("COPY embeddings (chunk_id, model, site_id, vector) FROM STDIN") as copy:
            for number, vector in enumerate(passages.vectors):
                row = (chunk + number, MODEL, site_ids[passages.sites[number]], HalfVector(vector).to_text())
                await copy.write_row(row)
