"""Ingest: passages read, cut, encoded and stored, a second."""

import asyncio
import tempfile
import time
from pathlib import Path

from app.ingest import ingest
from app.loading import load_encoder
from app.wiring import Services
from evals.bench.figure import Figure, median
from evals.bench.material import Material

RUNS = 3
ENOUGH_S = 20


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
