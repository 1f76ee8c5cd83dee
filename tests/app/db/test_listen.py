import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.engine import raw_url
from app.db.listen import Listener, tell
from tests.waiting import sooner_or_later

Sessions = async_sessionmaker[AsyncSession]
CUT_ALL = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


class Heard:
    """A listener with what it heard."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.listener = Listener(raw_url(engine))
        self.payloads: list[str] = []
        self.anew = 0
        self.listener.on("news", self.payloads.append, anew=self._again)

    def _again(self) -> None:
        self.anew += 1


@pytest.fixture
async def heard(engine: AsyncEngine) -> AsyncIterator[Heard]:
    found = Heard(engine)
    task = asyncio.create_task(found.listener.run())
    await sooner_or_later(lambda: found.listener.fresh, most_s=10)
    yield found
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def say(sessions: Sessions, channel: str, payload: str) -> None:
    async with sessions.begin() as session:
        await tell(session, channel, payload)


async def test_what_is_told_is_heard_in_order_and_nothing_else(heard: Heard, sessions: Sessions) -> None:
    await say(sessions, "other", "no")
    for number in range(5):
        await say(sessions, "news", str(number))

    await sooner_or_later(lambda: len(heard.payloads) == 5)
    assert heard.payloads == ["0", "1", "2", "3", "4"]


async def test_what_is_rolled_back_is_never_told(heard: Heard, sessions: Sessions) -> None:
    async with sessions() as session:
        await tell(session, "news", "no")
        await session.rollback()
    await say(sessions, "news", "yes")

    await sooner_or_later(lambda: bool(heard.payloads))
    assert heard.payloads == ["yes"]


async def test_a_connection_that_breaks_is_replaced_and_who_listens_learns_of_the_gap(
    heard: Heard, sessions: Sessions
) -> None:
    assert heard.anew == 1
    async with sessions.begin() as session:
        await session.execute(CUT_ALL)

    await sooner_or_later(lambda: heard.anew == 2, most_s=10)
    await say(sessions, "news", "again")
    await sooner_or_later(lambda: heard.payloads == ["again"])


async def test_who_does_not_run_is_never_fresh(engine: AsyncEngine) -> None:
    assert not Listener(raw_url(engine)).fresh


async def test_what_one_cannot_use_keeps_nobody_else_from_hearing(
    engine: AsyncEngine, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    found = Heard(engine)
    first: list[int] = []
    found.listener.on("numbers", lambda payload: first.append(int(payload)))
    found.listener.on("numbers", found.payloads.append)
    task = asyncio.create_task(found.listener.run())
    await sooner_or_later(lambda: found.listener.fresh, most_s=10)

    await say(sessions, "numbers", "secret words")
    await say(sessions, "numbers", "2")

    await sooner_or_later(lambda: first == [2])
    assert found.payloads == ["secret words", "2"]
    assert "could not be used" in caplog.text
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
