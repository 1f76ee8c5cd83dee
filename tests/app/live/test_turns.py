"""Turns that one process makes: asked for, followed, stopped, left, and taken over when their process is gone."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from pydantic import PrivateAttr
from sqlalchemy import select

from app.db.listen import Listener
from app.db.sealed import opened
from app.db.tables import Message
from app.live import turns as module
from app.live.answer import LiveAnswer
from app.live.following import Anew, At, Broken, More, Position, Stopped, Update, Whole
from app.live.turns import LiveTurns, Overloaded
from app.owner import owner_lock
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.context import ModelRoute
from graph.events import Event, Step
from tests.graph.scripted import Scripted
from tests.waiting import sooner_or_later

FIRST = "Refunds are paid within 14 days of your request [1]."
SECOND = "They go to the card that you paid with [1]."
TEXT = f"{FIRST} {SECOND}"


class Paused(Scripted):
    """Says the first sentence, and waits until it may go on."""

    _go: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)

    def go(self) -> None:
        """Let it end."""
        self._go.set()

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content=f"{FIRST} They"))
        await self._go.wait()
        yield ChatGenerationChunk(message=AIMessageChunk(content=SECOND.removeprefix("They")))
        last = AIMessageChunk(content="", response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


@dataclass
class Reader:
    """Somebody who reads an answer, as the widget does."""

    text: str = ""
    position: Position = field(default_factory=Position)
    updates: list[Update] = field(default_factory=list)

    def take(self, position: Position, update: Update) -> None:
        """Do as the widget does."""
        self.position = position
        self.updates.append(update)
        match update:
            case More(text=text):
                self.text += text
            case Anew():
                self.text = ""

    async def read(self, answer: LiveAnswer) -> None:
        """Follow where the answer was asked for."""
        async for position, update in answer.follow(self.position):
            self.take(position, update)

    async def follow(self, live: LiveTurns, user: UUID, answer: UUID) -> None:
        """Follow from anywhere."""
        async for position, update in live.follow(user, answer, self.position):
            self.take(position, update)

    @property
    def pieces(self) -> list[Update]:
        """All but the agent's steps."""
        return [update for update in self.updates if not isinstance(update, At)]


@pytest.fixture
def model() -> Paused:
    return Paused()


@pytest.fixture
async def live(services: Services, model: Paused) -> AsyncIterator[LiveTurns]:
    live = LiveTurns(with_model(services, model))
    yield live
    model.go()
    await live.close()


def with_model(services: Services, model: Scripted) -> Services:
    route = ModelRoute("paused", "hosted", model, first_token_s=30, between_tokens_s=30, trusted=True)
    return replace(services, models=(route,))


async def begun(live: LiveTurns, request: TurnRequest) -> tuple[Reader, asyncio.Task[None], UUID]:
    """Ask, and wait until the first sentence is read."""
    answer = await live.ask(request)
    reader = Reader()
    reading = asyncio.create_task(reader.read(answer))
    await sooner_or_later(lambda: reader.text.startswith(FIRST), most_s=10)
    assert answer.answer_id is not None
    return reader, reading, UUID(answer.answer_id)


async def stored(services: Services, answer_id: UUID) -> Message:
    async with services.sessions() as session:
        found = (await session.scalars(select(Message).where(Message.id == answer_id))).one()
        await opened(session, [found])
        return found


async def test_all_readers_of_an_answer_end_with_the_same_text_whenever_they_come(
    live: LiveTurns, model: Paused, request_: TurnRequest
) -> None:
    first, reading, answer_id = await begun(live, request_)
    later, from_there = Reader(), Reader(text=first.text, position=first.position)
    both = [asyncio.create_task(each.follow(live, request_.user_id, answer_id)) for each in (later, from_there)]
    await sooner_or_later(lambda: later.text == first.text)
    model.go()
    await asyncio.gather(reading, *both)
    after = Reader()
    await after.follow(live, request_.user_id, answer_id)

    for reader in (first, later, from_there, after):
        assert reader.text == TEXT
        assert isinstance(reader.updates[-1], Whole)
        assert reader.updates[-1].text == TEXT
        assert not any(isinstance(update, Anew) for update in reader.updates)
    assert [type(piece) for piece in after.pieces] == [More, Whole], "what is there comes in one piece"
    shown = "".join(update.text for update in from_there.updates if isinstance(update, More))
    assert not shown.startswith(FIRST), "it was told what it knew"


async def test_whoever_leaves_does_not_stop_the_turn(
    live: LiveTurns, model: Paused, services: Services, request_: TurnRequest
) -> None:
    _, reading, answer_id = await begun(live, request_)
    reading.cancel()
    await asyncio.wait({reading})
    model.go()
    back = Reader()
    await back.follow(live, request_.user_id, answer_id)

    assert back.text == TEXT
    assert (await stored(services, answer_id)).status == "done"


async def test_a_stop_ends_the_turn_and_what_was_shown_stays(
    live: LiveTurns, services: Services, request_: TurnRequest
) -> None:
    reader, reading, answer_id = await begun(live, request_)

    assert await live.stop(request_.user_id, answer_id)
    await reading

    assert reader.updates[-1] == Stopped(reader.text)
    assert TEXT.startswith(reader.text)
    assert reader.text != TEXT
    kept = await stored(services, answer_id)
    assert (kept.status, kept.text) == ("stopped", reader.text)
    again = Reader()
    await again.follow(live, request_.user_id, answer_id)
    assert isinstance(again.updates[-1], Stopped)


async def test_a_stop_and_an_answer_are_their_visitors_own(
    live: LiveTurns, model: Paused, request_: TurnRequest
) -> None:
    reader, reading, answer_id = await begun(live, request_)
    stranger = uuid4()

    assert not await live.stop(stranger, answer_id)
    assert not await live.stop(request_.user_id, uuid4())
    assert await live.answer_to(stranger, request_.message_id) is None
    assert await live.answer_to(request_.user_id, request_.message_id) == answer_id
    other = Reader()
    await other.follow(live, stranger, answer_id)
    assert other.updates == [], "while it is made"
    model.go()
    await reading
    assert isinstance(reader.updates[-1], Whole)
    await other.follow(live, stranger, answer_id)
    assert other.updates == [], "once it is there"


async def test_a_message_that_is_refused_has_no_answer(live: LiveTurns, request_: TurnRequest) -> None:
    answer = await live.ask(replace(request_, text="x" * 501))
    reader = Reader()
    await reader.read(answer)

    assert answer.refused
    assert answer.answer_id is None
    assert [type(update) for update in reader.updates] == [Broken]
    assert not getattr(reader.updates[0], "retry", True)


async def test_a_turn_that_breaks_tells_its_reader(services: Services, request_: TurnRequest) -> None:
    async def broken(*_: object) -> AsyncGenerator[Event]:
        yield Step("screen", "", 1.0)
        raise RuntimeError("broken")

    live = LiveTurns(services, broken)
    reader = Reader()
    await reader.read(await live.ask(request_))

    assert isinstance(reader.updates[-1], Broken)


async def test_a_process_takes_only_so_many_turns_and_none_while_it_ends(
    live: LiveTurns, model: Paused, request_: TurnRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 1)
    _, reading, _ = await begun(live, request_)
    another = replace(request_, message_id=uuid4(), conversation_id=uuid4())

    with pytest.raises(Overloaded):
        await live.ask(another)
    model.go()
    await reading
    await sooner_or_later(lambda: not live._tasks)  # noqa: SLF001 - room is made once the turn has kept everything
    await live.ask(another)
    await live.close()
    with pytest.raises(Overloaded):
        await live.ask(replace(another, message_id=uuid4()))


async def test_a_process_that_ends_lets_its_turns_end(
    live: LiveTurns, model: Paused, services: Services, request_: TurnRequest
) -> None:
    reader, reading, answer_id = await begun(live, request_)
    closing = asyncio.create_task(live.close())
    await asyncio.sleep(0)
    model.go()
    await asyncio.gather(closing, reading)

    assert isinstance(reader.updates[-1], Whole)
    assert (await stored(services, answer_id)).status == "done"


async def test_what_a_process_leaves_another_begins_anew_once(
    live: LiveTurns, services: Services, request_: TurnRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAVE_S", 0.1)
    reader, reading, answer_id = await begun(live, request_)
    await live.close()
    await reading
    assert not isinstance(reader.updates[-1], Stopped | Broken | Whole), "an answer that goes on has not ended"
    assert (await stored(services, answer_id)).status == "cut"

    before = len(reader.updates)
    async with owner_lock(services.engine) as owner:
        other = replace(with_model(services, Scripted(text=TEXT)), owner=owner, listener=Listener(""))
        takes_over = LiveTurns(other)
        second = Reader()
        readers = (reader, second)
        await asyncio.gather(*(each.follow(takes_over, request_.user_id, answer_id) for each in readers))
        await takes_over.close()

    assert any(isinstance(update, Anew) for update in reader.updates[before:])
    for each in readers:
        assert each.text == TEXT
        assert isinstance(each.updates[-1], Whole)
    kept = await stored(services, answer_id)
    assert (kept.status, kept.text, kept.attempt) == ("done", TEXT, 2)
    async with services.sessions() as session:
        assert len(list(await session.scalars(select(Message.id)))) == 2
