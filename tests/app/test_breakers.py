"""Breakers of two processes over one database."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.breakers import SharedBreakers
from app.db.engine import raw_url
from app.db.listen import Listener
from graph.errors import QuotaExhausted, RequestRefused, ServerFault
from tests.waiting import sooner_or_later

Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
async def two(engine: AsyncEngine, sessions: Sessions) -> AsyncIterator[tuple[SharedBreakers, SharedBreakers]]:
    listeners = [Listener(raw_url(engine)) for _ in range(2)]
    both = (SharedBreakers(sessions, listeners[0]), SharedBreakers(sessions, listeners[1]))
    running = [asyncio.create_task(listener.run()) for listener in listeners]
    await sooner_or_later(lambda: all(listener.fresh for listener in listeners), most_s=10)
    yield both
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def until(breakers: SharedBreakers, route: str, reason: str | None) -> None:
    async def known() -> bool:
        return await breakers.why_not(route, asking=False) == reason

    await sooner_or_later(known)


async def end_pause(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(text("UPDATE breakers SET open_until = now() - interval '1 s'"))
        await session.execute(text("SELECT pg_notify('parley_breakers', 'a')"))


async def test_what_one_process_learns_the_other_knows_within_two_seconds(
    two: tuple[SharedBreakers, SharedBreakers],
) -> None:
    one, other = two
    assert await other.why_not("a") is None

    await one.failed("a", QuotaExhausted())

    await until(other, "a", "over quota")
    assert await other.why_not("b") is None
    assert await one.open() == {"a": "over quota"}


async def test_a_server_must_fail_three_times_in_a_row(two: tuple[SharedBreakers, SharedBreakers]) -> None:
    one, other = two
    for breakers in (one, other):
        await breakers.failed("a", ServerFault())
    assert await one.why_not("a") is None
    await one.succeeded("a")
    for _ in range(2):
        await one.failed("a", ServerFault())
        assert await one.why_not("a") is None

    await other.failed("a", ServerFault())

    await until(one, "a", "failing")


async def test_of_many_requests_one_tries_a_route_whose_pause_is_over(
    two: tuple[SharedBreakers, SharedBreakers], sessions: Sessions
) -> None:
    await two[0].failed("a", QuotaExhausted())
    await until(two[1], "a", "over quota")
    await end_pause(sessions)

    verdicts = await asyncio.gather(*(two[at % 2].why_not("a") for at in range(20)))

    assert sorted(map(str, verdicts)) == ["None"] + ["over quota"] * 19


@pytest.mark.parametrize("answered", [True, False])
async def test_the_try_decides(two: tuple[SharedBreakers, SharedBreakers], sessions: Sessions, answered: bool) -> None:
    one, other = two
    await one.failed("a", QuotaExhausted())
    await until(other, "a", "over quota")
    await end_pause(sessions)

    async def tried() -> bool:
        return await one.why_not("a") is None

    await sooner_or_later(tried)

    await (one.succeeded("a") if answered else one.failed("a", QuotaExhausted()))

    await until(other, "a", None if answered else "over quota")


async def test_a_request_of_its_own_fault_opens_nothing(two: tuple[SharedBreakers, SharedBreakers]) -> None:
    for _ in range(5):
        await two[0].failed("a", RequestRefused())

    assert await two[0].why_not("a") is None


async def test_without_hearing_others_what_was_read_holds_for_a_moment_only(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    deaf = SharedBreakers(sessions, Listener(raw_url(engine)))
    assert await deaf.why_not("a") is None
    await SharedBreakers(sessions, Listener(raw_url(engine))).failed("a", QuotaExhausted())

    await until(deaf, "a", "over quota")


async def test_an_answer_goes_on_when_the_breakers_cannot_be_read() -> None:
    nowhere = create_async_engine("postgresql+psycopg://nobody@127.0.0.1:9/none")
    breakers = SharedBreakers(async_sessionmaker(nowhere), Listener("postgresql://nobody@127.0.0.1:9/none"))

    assert await breakers.why_not("a") is None
    await breakers.failed("a", QuotaExhausted())
    await breakers.succeeded("a")

    await nowhere.dispose()
