"""Loop: how long one visitor's page takes while another's answer is made on this machine."""

import asyncio
import time
from collections import Counter

import httpx
from sqlalchemy import select

from app.db.engine import open_database
from app.db.tables import Message
from app.settings import Settings
from evals.bench.figure import Figure, percentile
from evals.bench.visitor import visitor

EVERY_S = 0.05
ASKING_S = 90
PATHS = ("/", "/healthz")


async def measure_loop(url: str, settings: Settings, questions: tuple[str, ...]) -> list[Figure]:
    """Ask questions one after the other, and meanwhile fetch the page twenty times a second.

    Args:
        url: of a server with the local model and no hosted one.
        settings: with the server's home, where it is read who answered.
        questions: that the server's documents answer.
    """
    took_ms: list[float] = []
    fetching = asyncio.create_task(_fetch(url, took_ms))
    began = time.perf_counter()
    try:
        async with asyncio.timeout(ASKING_S), visitor(url) as page:
            took_ms.clear()
            began = time.perf_counter()
            for question in questions:
                await page.ask(question)
    except TimeoutError:
        pass  # what was fetched until now stands
    finally:
        asking_s = time.perf_counter() - began
        fetching.cancel()
        await asyncio.wait([fetching])
    if not fetching.cancelled():
        fetching.result()
    rungs = await _rungs(settings)
    return [
        Figure(
            f"another's page during local answers, 95th percentile of {len(took_ms)}",
            percentile(took_ms, 95),
            "ms",
            100,
        ),
        Figure("slowest of them", max(took_ms, default=float("nan")), "ms", 100),
        Figure(f"asking {len(questions)} questions", asking_s, "s"),
        *(Figure(f"answers of rung {rung}", count, "answers") for rung, count in rungs.most_common()),
    ]


async def _fetch(url: str, took_ms: list[float]) -> None:
    """Fetch the paths in turn, each as a visitor who has not been here before."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
        while True:
            for path in PATHS:
                began = time.perf_counter()
                (await client.get(path)).raise_for_status()
                took_ms.append((time.perf_counter() - began) * 1000)
                client.cookies.clear()
                await asyncio.sleep(EVERY_S)


async def _rungs(settings: Settings) -> Counter[str]:
    async with open_database(settings, command="parley eval bench") as engine, engine.connect() as connection:
        return Counter(await connection.scalars(select(Message.rung).where(Message.rung.is_not(None))))
