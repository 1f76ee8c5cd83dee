"""Quotas under concurrency, in one process and in three."""

import asyncio
import subprocess
import sys

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.engine import make_engine
from app.db.quotas import Quota, add, take
from app.db.tables import Rate
from tests.waiting import sooner_or_later

Sessions = async_sessionmaker[AsyncSession]
AGE_S = 10**9
"""A window that does not end while a test runs."""
EACH = """
import asyncio, sys
from tests.app.db.test_quotas import admitted_on
print(asyncio.run(admitted_on(sys.argv[1])))
"""


async def admitted(sessions: Sessions, quotas: list[Quota]) -> bool:
    async with sessions() as session:
        full = await take(session, quotas)
        await session.commit()
    return full is None


async def admitted_on(url: str) -> int:
    """How many of fifty requests at once one process admits; a process of its own runs this."""
    engine = make_engine(url)
    try:
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        quotas = [Quota("a", 20, AGE_S), Quota("b", 1000, AGE_S)]
        return sum(await asyncio.gather(*(admitted(sessions, quotas) for _ in range(50))))
    finally:
        await engine.dispose()


async def counted(sessions: Sessions, key: str) -> int:
    async with sessions() as session:
        return int(await session.scalar(select(func.sum(Rate.count)).where(Rate.key == key)) or 0)


async def test_of_fifty_at_once_exactly_the_limit_is_admitted(sessions: Sessions, database_url: str) -> None:
    assert await admitted_on(database_url) == 20
    assert (await counted(sessions, "a"), await counted(sessions, "b")) == (20, 20)


async def test_three_processes_admit_no_more_than_one(sessions: Sessions, database_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", EACH, database_url, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [(await process.communicate())[0] for process in processes]

    assert sum(map(int, said)) == 20
    assert await counted(sessions, "b") == 20


@pytest.mark.parametrize("order", [1, -1])
async def test_a_request_that_one_quota_refuses_counts_against_none(sessions: Sessions, order: int) -> None:
    quotas = [Quota("narrow", 1, AGE_S), Quota("wide", 9, AGE_S)][::order]
    assert await admitted(sessions, quotas)

    assert not await admitted(sessions, quotas)

    assert await counted(sessions, "wide") == 1


async def test_what_a_request_took_is_held_against_the_next(sessions: Sessions) -> None:
    tokens = [Quota("tokens", 100, AGE_S, step=0)]
    assert await admitted(sessions, tokens)
    assert await admitted(sessions, tokens)
    async with sessions.begin() as session:
        await add(session, tokens, 250)

    async with sessions() as session:
        full = await take(session, tokens)

    assert full is not None
    assert full.quota == tokens[0]
    assert 0 < full.wait_s <= AGE_S


async def test_the_next_window_begins_anew(sessions: Sessions) -> None:
    quick = [Quota("quick", 1, 2)]

    async def again() -> bool:
        return await admitted(sessions, quick)

    assert await again()
    await sooner_or_later(again)
    async with sessions() as session:
        windows = await session.scalar(select(func.count()).where(Rate.key == "quick"))
    assert windows == 2
    assert await counted(sessions, "quick") == 2
