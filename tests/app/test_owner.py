"""Being alive, as the database sees it."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app import owner
from app.db.messages import LOCK_CLASS
from app.owner import owner_lock


async def held(engine: AsyncEngine, number: int) -> bool:
    """Whether somebody holds the number's lock."""
    async with engine.begin() as connection:
        statement = text("SELECT pg_try_advisory_xact_lock(:first, :second)")
        return not await connection.scalar(statement, {"first": LOCK_CLASS, "second": number})


async def test_the_lock_is_held_as_long_as_the_process_lives(engine: AsyncEngine) -> None:
    async with owner_lock(engine) as number:
        assert await held(engine, number)
    async with asyncio.timeout(5):
        while await held(engine, number):  # noqa: ASYNC110 - the server sees the connection end a moment later
            await asyncio.sleep(0.01)


async def test_the_lock_is_taken_again_when_its_connection_breaks(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "WATCH_S", 0.05)
    async with owner_lock(engine) as number:
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :number"),
                {"number": number},
            )
        async with asyncio.timeout(5):
            while await held(engine, number):  # noqa: ASYNC110 - another process's event
                await asyncio.sleep(0.01)
            while not await held(engine, number):  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.02)
