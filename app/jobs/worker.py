"""The worker: takes jobs from the database until it is told to stop."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import raw_url
from app.jobs.alerts import alerting
from app.jobs.context import EMBEDDERS, ENCODER, ENGINE, SETTINGS
from app.jobs.crawling import crawling
from app.jobs.embedding import embedding
from app.jobs.keeping import keeping
from app.jobs.upkeep import upkeep
from app.settings import Settings
from graph.context import Encoder
from graph.encoder.hosted import HostedEncoder

log = logging.getLogger(__name__)

RETRY_S = 5
FINISH_S = 20


def job_app(engine: AsyncEngine) -> App:
    """All jobs, on the engine's database. Connects to nothing until it is opened."""
    app = App(connector=PsycopgConnector(conninfo=raw_url(engine), min_size=1, max_size=4))
    app.add_tasks_from(upkeep(), namespace="upkeep")
    app.add_tasks_from(alerting(), namespace="alerts")
    app.add_tasks_from(embedding(), namespace="embedding")
    app.add_tasks_from(crawling(), namespace="crawling")
    app.add_tasks_from(keeping(), namespace="keeping")
    return app


async def run_worker(
    engine: AsyncEngine,
    settings: Settings,
    stop: asyncio.Event,
    *,
    encoder: Encoder,
    embedders: Sequence[HostedEncoder] = (),
    concurrency: int = 2,
) -> None:
    """Work off jobs until `stop` is set; then finish those that run, for at most `FINISH_S` seconds.

    A database that goes away is waited for. Any number of workers may run, on any number of machines.

    Args:
        encoder: reads the documents that jobs fetch, and is shown what it has not seen.
        embedders: hosted encoders that are shown what they have not seen.
    """
    context = {ENGINE: engine, SETTINGS: settings, ENCODER: encoder, EMBEDDERS: embedders}
    stopped = asyncio.create_task(stop.wait())
    try:
        while not stop.is_set():
            worker = asyncio.create_task(_work(engine, context, concurrency))
            try:
                await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                worker.cancel()
                (outcome,) = await asyncio.gather(worker, return_exceptions=True)
            if isinstance(outcome, Exception) and not isinstance(outcome, ConnectorException):
                raise outcome
            if not stop.is_set():
                log.warning("the worker lost its database and starts again", extra={"error": type(outcome).__name__})
                await asyncio.wait({stopped}, timeout=RETRY_S)
    finally:
        stopped.cancel()


async def _work(engine: AsyncEngine, context: dict[str, Any], concurrency: int) -> None:
    app = job_app(engine)
    async with app.open_async():
        await app.run_worker_async(
            concurrency=concurrency,
            delete_jobs="successful",
            install_signal_handlers=False,  # the process's own decide
            shutdown_graceful_timeout=FINISH_S,
            additional_context=context,
        )
