"""How a turn ends at its edges: what is left, stopped, doubled or broken."""

import asyncio
import threading
from contextlib import aclosing
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select, table, text

from app.db.pseudonyms import load_pseudonyms
from app.db.tables import Message
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services
from graph.context import PersonalSpan
from graph.events import Done, Failed
from tests.app.turning import QUESTION, Addresses, answers, ask, count, texts


async def test_an_answer_stands_although_its_checkpoints_cannot_be_removed(
    services: Services, request_: TurnRequest
) -> None:
    class Unremovable:
        async def adelete_thread(self, thread_id: str) -> None:
            """Fail."""
            raise OSError("gone")

    events = await ask(replace(services, checkpoints=Unremovable()), request_)  # type: ignore[arg-type]  # a stand-in

    assert isinstance(events[-1], Done)
    assert [message.status for message in await answers(services, request_.conversation_id)] == ["done"]


async def test_leaving_after_the_last_event_stops_nothing_and_leaves_no_checkpoint(
    services: Services, request_: TurnRequest, caplog: pytest.LogCaptureFixture
) -> None:
    async with aclosing(run_turn(services, request_)) as events:
        async for event in events:
            if isinstance(event, Done):
                break

    assert [message.status for message in await answers(services, request_.conversation_id)] == ["done"]
    assert await count(services.sessions, table("checkpoints")) == 0  # type: ignore[arg-type]  # not one of our tables
    assert not caplog.records


async def test_a_turn_that_is_stopped_while_it_is_stored_leaves_no_open_answer(
    services: Services, request_: TurnRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def turn() -> None:
        async with aclosing(run_turn(services, request_)) as events:
            async for _ in events:
                pass

    async def stopped_before_the_commit(*_: object, **__: object) -> list[Message]:
        task.cancel()
        return []

    monkeypatch.setattr("app.admission.history", stopped_before_the_commit)
    task = asyncio.create_task(turn())
    await asyncio.wait({task})

    assert task.cancelled()
    assert [message.status for message in await answers(services, request_.conversation_id)] == ["stopped"]


async def test_characters_that_no_database_holds_are_left_out(services: Services, request_: TurnRequest) -> None:
    events = await ask(services, replace(request_, text=f"{QUESTION}\0 \ud800"))

    assert isinstance(events[-1], Done)


async def test_an_error_of_the_database_is_logged_without_personal_data(
    services: Services, request_: TurnRequest, caplog: pytest.LogCaptureFixture
) -> None:
    async with services.sessions.begin() as session:
        await session.execute(text("ALTER TABLE pseudonyms RENAME COLUMN value TO other"))
        await session.execute(text("ALTER TABLE pseudonyms ADD COLUMN value int"))

    events = await ask(services, replace(request_, text="Write to ann@example.com"))

    assert isinstance(events[-1], Failed)
    assert "turn failed" in caplog.text
    assert "ann@example.com" not in caplog.text


async def test_two_messages_at_once_do_not_share_a_pseudonym(services: Services, request_: TurnRequest) -> None:
    both = threading.Barrier(2)

    class AtOnce(Addresses):
        def find(self, text: str) -> list[PersonalSpan]:
            """Wait until both messages are looked at."""
            both.wait(timeout=10)
            return super().find(text)

    used = replace(services, personal_data=AtOnce())
    await asyncio.gather(
        ask(used, replace(request_, text="Write to ann@example.com")),
        ask(used, replace(request_, message_id=uuid4(), text="Write to bob@example.com")),
    )

    async with services.sessions() as session:
        known = await load_pseudonyms(session, request_.conversation_id)
        tokens = {value: token for token, value in known.items()}
        said = set(await texts(session, select(Message).where(Message.role == "visitor")))
    assert said == {f"Write to {tokens['ann@example.com']}", f"Write to {tokens['bob@example.com']}"}
