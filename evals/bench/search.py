"""Search: a question encoded and looked up among five thousand passages."""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import text

from app.db.search import SiteKnowledge
from app.db.sites import ensure_site
from app.ingest import ingest
from app.wiring import Services
from evals.bench.figure import Figure, median, percentile
from evals.bench.material import Material
from graph.context import Encoder, FloatArray

SITE = "bench-search"
PASSAGES = 5000
QUESTIONS = 100
WARM_UP = 5
NOISE = 0.02
"""Standard deviation that is added to each number of a vector: copies of a text become near neighbours, not twins."""


class VariedEncoder:
    """Stands in for the encoder while copies are ingested: moves each vector a little."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.dimensions, self.max_tokens = encoder.name, encoder.dimensions, encoder.max_tokens
        self._encoder = encoder

    def count_tokens(self, text: str) -> int:
        """Tokens of a text of any length."""
        return self._encoder.count_tokens(text)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape `(len(texts), dimensions)`, the same for the same texts in the same order."""
        vectors = self._encoder.encode(texts)
        seed = int.from_bytes(hashlib.sha256("\n".join(texts).encode()).digest()[:8], "big")
        moved = vectors + np.random.default_rng(seed).normal(0, NOISE, vectors.shape)
        unit: FloatArray = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)
        return unit


async def measure_search(services: Services, documents: Material) -> list[Figure]:
    """Fill a site with copies of the documents, and search it for questions that the encoder has not seen."""
    count, site_id = await _fill(services, documents)
    knowledge = SiteKnowledge(services.sessions, site_id, services.encoder.name)
    all_ms, encode_ms = [], []
    for question in documents.questions[: QUESTIONS + WARM_UP]:
        started = time.perf_counter()
        vector = (await asyncio.to_thread(services.encoder.encode, [f"{question} "]))[0]
        encoded = time.perf_counter()
        await knowledge.search(question, vector, limit=services.settings.knowledge.passages)
        encode_ms.append((encoded - started) * 1000)
        all_ms.append((time.perf_counter() - started) * 1000)
    all_ms, encode_ms = all_ms[WARM_UP:], encode_ms[WARM_UP:]
    return [
        Figure(f"search over {count} passages, with its embedding", median(all_ms), "ms", 20),
        Figure("of it the embedding", median(encode_ms), "ms"),
        Figure(f"95th percentile of {len(all_ms)} searches", percentile(all_ms, 95), "ms"),
    ]


async def _fill(services: Services, documents: Material) -> tuple[int, int]:
    encoder = VariedEncoder(services.encoder)
    settings = services.settings.knowledge
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "documents.jsonl"
        await asyncio.to_thread(documents.write, file)
        once = await ingest(services.sessions, encoder, settings, site=SITE, records=[file])
        copies = -(-PASSAGES // max(1, once.chunks))
        await asyncio.to_thread(documents.write, file, copies=copies)
        await ingest(services.sessions, encoder, settings, site=SITE, records=[file])
    async with services.engine.connect() as connection:
        # What autovacuum does within a minute, so that the plan is the one of every day.
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM (ANALYZE) embeddings, chunks, documents, word_counts"))
    async with services.sessions.begin() as session:
        site_id = (await ensure_site(session, SITE)).id
        count = await session.scalar(text("SELECT count(*) FROM embeddings WHERE site_id = :id"), {"id": site_id})
    return int(count or 0), site_id
