"""Ingest: passages read, cut, encoded and stored, a second; and stored, beside other stores."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.ingest import ingest
from app.loading import load_encoder
from app.wiring import Services
from evals.bench.figure import Figure, median
from evals.bench.material import Material
from evals.bench.search import VariedEncoder
from evals.bench.stores import STORES, open_store
from graph.context import Encoder, FloatArray

RUNS = 3
ENOUGH_S = 20
STORED = 5000
"""Passages that are stored beside other stores."""


async def measure_ingest(services: Services, documents: Material) -> list[Figure]:
    """Ingest the documents up to three times, each time into a new site and with an encoder that remembers nothing."""
    rates: list[float] = []
    chunks = 0
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "documents.jsonl"
        await asyncio.to_thread(documents.write, file)
        while len(rates) < RUNS and time.perf_counter() - began < ENOUGH_S:
            encoder = await asyncio.to_thread(load_encoder, services.settings)
            started = time.perf_counter()
            site = f"bench-ingest-{len(rates)}"
            report = await ingest(services.sessions, encoder, services.settings.knowledge, site=site, records=[file])
            chunks = report.chunks
            rates.append(chunks / (time.perf_counter() - started))
    return [Figure(f"ingestion ({documents.name}, {chunks} passages)", median(rates), "passages/s", 30, least=True)]


async def measure_storing(services: Services, documents: Material, interpreter: Path) -> list[Figure]:
    """Store passages whose vectors are at hand, in turns with other stores.

    Ours reads and cuts the documents, too, and indexes their words; the others are handed passages, and index vectors
    and sites.
    """
    encoder = _Remembering(VariedEncoder(services.encoder))
    rates: dict[str, list[float]] = {name: [] for name in ("parley", *STORES)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "documents.jsonl"
        await asyncio.to_thread(documents.write, file)
        await _stored(services, encoder, file, "once")
        copies = -(-STORED // max(1, len(encoder.known)))
        await asyncio.to_thread(documents.write, file, copies=copies)
        await _stored(services, encoder, file, "known")
        texts, vectors = list(encoder.known), np.stack(list(encoder.known.values()))
        sites = [row % 100 for row in range(len(texts))]
        for turn in range(RUNS):
            chunks, took_s = await _stored(services, encoder, file, str(turn))
            rates["parley"].append(chunks / took_s)
            for name in STORES:
                with open_store(interpreter, name) as store:
                    rates[name].append(len(texts) / await asyncio.to_thread(store.build, texts, vectors, sites))
    return [Figure(f"{name}: {len(texts)} passages stored", median(all_), "passages/s") for name, all_ in rates.items()]


class _Remembering:
    """Encodes no text twice."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.dimensions, self.max_tokens = encoder.name, encoder.dimensions, encoder.max_tokens
        self.known: dict[str, FloatArray] = {}
        self._encoder = encoder

    def count_tokens(self, text: str) -> int:
        """Tokens of a text of any length."""
        return self._encoder.count_tokens(text)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape `(len(texts), dimensions)`."""
        new = [text for text in texts if text not in self.known]
        if new:
            self.known |= dict(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self.known[text] for text in texts])


async def _stored(services: Services, encoder: Encoder, file: Path, turn: str) -> tuple[int, float]:
    """Ingest into a new site; return the passages and the seconds that it took."""
    began = time.perf_counter()
    site = f"bench-storing-{turn}"
    report = await ingest(services.sessions, encoder, services.settings.knowledge, site=site, records=[file])
    return report.chunks, time.perf_counter() - began
