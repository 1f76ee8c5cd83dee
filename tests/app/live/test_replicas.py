"""Whatever happens to the connection or to the replica that answers: one whole answer, stored once, shown once."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text

from app.db.engine import make_engine
from app.db.messages import LOCK_CLASS
from tests.app.live.fleet import Fleet, Replica, fleet
from tests.app.live.kills import kill_often, wrong_with
from tests.app.live.reader import Reader
from tests.app.live.replica import TEXT

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
KILLS = 5
WORDS = 4
LATE = "Tell late how long until refunds are paid"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    engine = make_engine(module_database_url)
    async with fleet(module_database_url, engine, tmp_path_factory.mktemp("shop")) as started:
        yield started
    await engine.dispose()


@pytest_asyncio.fixture(loop_scope="module")
async def replicas(started: Fleet) -> Fleet:
    """All of them alive."""
    await started.whole()
    return started


class Spoken:
    """Set as soon as a reader has heard some words."""

    def __init__(self) -> None:
        self._count, self._enough = 0, asyncio.Event()

    def __call__(self, name: str) -> None:
        self._count += name == "token"
        if self._count >= WORDS:
            self._enough.set()

    async def wait(self) -> None:
        async with asyncio.timeout(20):
            await self._enough.wait()


async def speaking(reader: Reader) -> asyncio.Task[None]:
    """Ask, and wait until the answer is on its way."""
    spoken = Spoken()
    asking = asyncio.create_task(reader.ask(heard=spoken))
    await spoken.wait()
    return asking


def owner(replicas: Fleet) -> Replica:
    """The replica that got the last question."""
    return replicas.at(replicas.balancer.last)


async def test_a_killed_replicas_answers_arrive_whole(replicas: Fleet) -> None:
    assert await kill_often(replicas, KILLS, seed=3) == []


async def test_a_cut_connection_loses_and_repeats_nothing(replicas: Fleet) -> None:
    reader = replicas.reader()
    asking = await speaking(reader)

    assert replicas.balancer.cut() >= 1
    await asking

    assert reader.broken >= 1
    assert "reset" not in reader.events
    assert await wrong_with(replicas, reader) == []


async def test_an_answer_is_followed_live_from_another_replica(replicas: Fleet) -> None:
    here, there = replicas.replicas[:2]
    reader = replicas.reader(here)
    asking = await speaking(reader)
    follower, seen = reader.another(there.url), list[str]()
    await follower.follow(heard=lambda _: seen.append(follower.text))
    await asking

    assert all(TEXT.startswith(text) for text in seen)
    assert len(set(seen)) > 3, "it was told at the end, not as it came"
    assert "reset" not in follower.events
    for each in (reader, follower):
        assert await wrong_with(replicas, each) == []


async def test_two_clients_of_one_answer_hold_the_same(replicas: Fleet) -> None:
    reader = replicas.reader()
    asking = await speaking(reader)
    followers = [reader.another(), reader.another()]
    await asyncio.gather(asking, *(follower.follow() for follower in followers))

    for each in (reader, *followers):
        assert await wrong_with(replicas, each) == []


async def test_two_clients_of_a_killed_replicas_answer_get_one_new_answer(replicas: Fleet) -> None:
    reader = replicas.reader()
    asking = await speaking(reader)
    maker = owner(replicas)
    follower = reader.another(replicas.others(maker)[0].url)
    following = asyncio.create_task(follower.follow())
    maker.kill()
    await asyncio.gather(asking, following)

    for each in (reader, follower):
        assert await wrong_with(replicas, each) == []
    assert (await replicas.messages(reader.conversation))[1].attempt == 2


async def test_a_stop_reaches_the_replica_that_answers(replicas: Fleet) -> None:
    here, there = replicas.replicas[:2]
    reader = replicas.reader(here)
    asking = await speaking(reader)
    assert await reader.another(there.url).stop() == 204
    await asking

    assert reader.end is not None
    assert reader.end[0] == "stopped"
    assert reader.end[1]["text"] == reader.text != TEXT
    assert TEXT.startswith(reader.text)
    question, answer = await replicas.messages(reader.conversation)
    assert (question.role, answer.status, answer.text) == ("visitor", "stopped", reader.text)


async def test_a_replica_that_is_told_to_stop_hands_its_answers_over(replicas: Fleet) -> None:
    reader = replicas.reader()
    asking = asyncio.create_task(reader.ask(LATE))
    async with asyncio.timeout(20):
        while reader.answer is None:  # noqa: ASYNC110 - another process's event
            await asyncio.sleep(0.02)
    maker = owner(replicas)
    maker.tell_to_stop()
    await asking

    assert await maker.stopped() == -signal.SIGTERM  # uvicorn ends with the signal, once it has ended all else
    assert reader.broken >= 1
    assert await wrong_with(replicas, reader) == []
    assert (await replicas.messages(reader.conversation))[1].attempt == 2


async def test_an_answer_is_not_doubled_when_its_maker_seems_dead(replicas: Fleet) -> None:
    here, there = replicas.replicas[:2]
    reader = replicas.reader(here)
    asking = asyncio.create_task(reader.ask(LATE))
    async with asyncio.timeout(20):
        while reader.answer is None:  # noqa: ASYNC110 - another process's event
            await asyncio.sleep(0.02)
    follower = reader.another(there.url)
    async with replicas.engine.begin() as connection:
        ended = await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND classid = :first AND objid = :second"
            ),
            {"first": LOCK_CLASS, "second": here.owner},
        )
        assert ended.rowcount == 1
    await asyncio.gather(asking, follower.follow())

    assert (await replicas.messages(reader.conversation))[1].attempt == 2
    for each in (reader, follower):
        assert await wrong_with(replicas, each) == []


async def test_a_message_sent_twice_at_once_is_asked_once(replicas: Fleet) -> None:
    here, there = replicas.replicas[:2]
    first = replicas.reader(here)
    second = first.another(there.url)
    await asyncio.gather(first.ask(), second.ask())

    assert first.answer == second.answer
    for each in (first, second):
        assert await wrong_with(replicas, each) == []
    assert (await replicas.messages(first.conversation))[1].attempt == 1
