import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.jobs.worker import job_app, run_worker
from app.settings import Settings
from tests.graph.scripted import WordEncoder


@asynccontextmanager
async def worker(engine: AsyncEngine, settings: Settings | None = None) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(run_worker(engine, settings or Settings(), stop, encoder=WordEncoder()))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, 30)


async def until_empty(engine: AsyncEngine) -> None:
    """Wait until every job has been worked off; a job that succeeded is removed."""
    async with asyncio.timeout(30), engine.connect() as connection:
        while await connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")):
            await connection.rollback()
            await asyncio.sleep(0.05)


async def defer(engine: AsyncEngine) -> None:
    app = job_app(engine)
    async with app.open_async():
        await app.configure_task("upkeep:forget_old_checkpoints").defer_async(timestamp=0)


async def test_a_worker_works_off_what_is_queued_and_stops_when_told(engine: AsyncEngine) -> None:
    await defer(engine)

    async with worker(engine):
        await until_empty(engine)

    await defer(engine)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")) == 1


async def test_a_worker_goes_on_after_its_connections_were_cut(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.jobs.worker.RETRY_S", 0.1)
    async with worker(engine):
        await defer(engine)
        await until_empty(engine)
        async with engine.begin() as connection:
            cut = text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert await connection.scalar(cut)

        await defer(engine)
        await until_empty(engine)
