"""The bench: all measurements, one after the other, each on a product that runs for it alone."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from app.settings import Settings, Turn
from app.wiring import open_services
from evals.bench.chain import measure_chain
from evals.bench.doors import measure_doors
from evals.bench.engine import measure_engine
from evals.bench.figure import Figure
from evals.bench.growth import measure_growth
from evals.bench.ingest import measure_ingest, measure_storing
from evals.bench.loop import measure_loop
from evals.bench.material import material
from evals.bench.memory import measure_memory
from evals.bench.recalled import measure_recalled
from evals.bench.search import measure_search
from evals.bench.search_large import measure_large_search
from evals.bench.served import served
from evals.bench.servers import measure_servers
from evals.bench.start import measure_start
from evals.bench.turn import measure_turn

LOOP_QUESTIONS = 6


async def measure_speed(
    data: Path | None, servers: Path | None = None, litellm: Path | None = None, stores: Path | None = None
) -> AsyncIterator[list[Figure]]:
    """Yield the figures of each measurement as soon as it has ended.

    Args:
        data: folder of the public evaluation data; without it the guide is measured on.
        servers: Python interpreter that has other servers of the local model; without it they are not run.
        litellm: Python interpreter that has the package `litellm`; without it its router is not run.
        stores: Python interpreter that has other vector stores; without it they are not run.
    """
    documents = await asyncio.to_thread(material, data)
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        home = Path(folder) / "served"
        home.mkdir()
        yield await asyncio.to_thread(measure_start, home)
        settings = Settings(home=home, turn=Turn(cache="off"))
        guide = await asyncio.to_thread(material, None)
        asked = (*settings.chat.starters, *guide.questions)[:LOOP_QUESTIONS]
        with served(home) as server:
            yield await measure_loop(server.url, settings, asked)
            yield await asyncio.to_thread(measure_memory, server.pid, home)
    async for figures in measure_doors():
        yield figures
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        settings = Settings.model_validate({"home": folder, "local": {"enabled": False}})
        async with open_services(settings, command="parley eval bench") as services:
            yield await measure_ingest(services, documents)
            if stores is not None:
                yield await measure_storing(services, documents, stores)
            yield await measure_turn(services, documents)
            yield await measure_recalled(services, documents)
            yield await measure_search(services, documents)
            yield await measure_large_search(services, documents, stores)
            yield await measure_chain(services, litellm)
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        yield await measure_growth(Path(folder))
    yield await measure_engine()
    if servers is not None:
        yield await measure_servers(servers)
