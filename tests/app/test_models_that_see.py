"""A model may see names that the next one may not, and what it was shown is nowhere but in its requests."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.pseudonyms import load_pseudonyms
from app.db.sealed import opened
from app.db.tables import CachedAnswer, Citation, Message, Span, Trace
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.build import build_graph
from graph.context import ModelRoute
from graph.errors import ModelFault, StreamCut
from graph.events import Done, Reset
from tests.app.knowing import Knows
from tests.app.test_planted import files_of, found_in
from tests.app.turning import GOOD, QUESTION, answers, ask, count
from tests.graph.scripted import Scripted, route

HOSTED = "Dear [PERSON_1]: refunds are paid within 14 days of your request [1]."


def seeing(text: str, *types: str, **how: Any) -> ModelRoute:
    return replace(route(text, **how), sees=frozenset(types))


def sent(asked: ModelRoute) -> str:
    assert isinstance(asked.model, Scripted)
    return str(asked.model.seen)


@pytest.mark.parametrize(
    ("fault", "cut_after"),
    [
        pytest.param(StreamCut(), 0, id="the local model fails at once"),
        pytest.param(StreamCut(), 6, id="the local model fails behind the name"),
        pytest.param(None, 0, id="the local model answers"),
    ],
)
async def test_a_name_is_at_the_local_model_only(
    services: Services,
    request_: TurnRequest,
    engine: AsyncEngine,
    server_home: Path,
    caplog: pytest.LogCaptureFixture,
    fault: ModelFault | None,
    cut_after: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    mark = f"Quill{uuid4().hex[:12]}"
    name = f"Mira {mark}"
    local = seeing(
        f"Dear {name}: refunds are paid within 14 days of your request [1].",
        "PERSON",
        name="house",
        rung="local",
        fault=fault,
        cut_after=cut_after,
    )
    hosted = seeing(HOSTED, name="far")
    saver = InMemorySaver()
    shop = replace(services, personal_data=Knows(PERSON=name), graph=build_graph(saver))

    asked = replace(request_, text=f"I am {name}: {QUESTION}")
    events = await ask(shop, asked, local, hosted)

    assert f"I am {name}" in sent(local)
    assert mark not in sent(hosted)
    assert (sent(hosted) == "[]") is (fault is None)
    done = events[-1]
    assert isinstance(done, Done)
    assert done.text.startswith(f"Dear {name}")
    assert any(isinstance(event, Reset) for event in events) is bool(cut_after)

    states = [str(saved) for saved in saver.list(None)]
    assert states
    assert not [state for state in states if mark in state], "checkpoints and with them the state"
    async with shop.sessions() as session:
        (answer,) = await answers(shop, request_.conversation_id)
        assert answer.text.startswith("Dear [PERSON_1]")
        for table in (Message, Citation):
            for row in await opened(session, (await session.scalars(select(table))).all()):
                assert mark not in str({key: value for key, value in vars(row).items() if key != "_sa_instance_state"})
        traces = [str(trace.details) for trace in await session.scalars(select(Trace))]
        spans = [str(vars(span)) for span in await session.scalars(select(Span))]
        assert mark not in str(traces + spans)
        known = await load_pseudonyms(session, request_.conversation_id)
    assert known["[PERSON_1]"] == name
    assert await count(shop.sessions, CachedAnswer) == 0
    assert mark not in caplog.text
    assert found_in(await files_of(engine, server_home), [mark]) == set()


async def test_a_part_of_a_name_is_stored_as_a_token_and_comes_back(services: Services, request_: TurnRequest) -> None:
    shop = replace(services, personal_data=Knows(PERSON="mira okonkwo"))
    local = seeing("Dear Mira: refunds are paid within 14 days of your request [1].", "PERSON", rung="local")

    *_, done = await ask(shop, replace(request_, text=f"I am mira okonkwo: {QUESTION}"), local)

    assert isinstance(done, Done)
    assert done.text.startswith("Dear Mira:")
    (answer,) = await answers(shop, request_.conversation_id)
    assert "Mira" not in answer.text


async def test_a_later_turn_shows_each_model_the_conversation_as_it_may_see_it(
    services: Services, request_: TurnRequest
) -> None:
    shop = replace(services, personal_data=Knows(PERSON="Mira Okonkwo"))
    local = seeing("Dear Mira Okonkwo: refunds are paid within 14 days of your request [1].", "PERSON", rung="local")
    await ask(shop, replace(request_, text=f"I am Mira Okonkwo: {QUESTION}"), local)
    small, far = seeing("Are refunds paid to the card of Mira Okonkwo?", "PERSON"), seeing(GOOD)

    later = replace(request_, message_id=uuid4(), text="Are refunds paid to my card?")
    await ask(shop, later, seeing("x", "PERSON", fault=StreamCut()), far)
    await ask(shop, replace(later, message_id=uuid4()), small)

    assert "Mira" not in sent(far)
    assert "Dear [PERSON_1]: refunds" in sent(far)
    assert "I am Mira Okonkwo" in sent(small)


async def test_small_jobs_obey_the_same_rule(services: Services, request_: TurnRequest) -> None:
    shop = replace(services, personal_data=Knows(PERSON="Mira Okonkwo"))
    await ask(shop, replace(request_, text=f"I am Mira Okonkwo: {QUESTION}"))
    models = [seeing(GOOD, "PERSON", name="house", rung="local"), seeing(GOOD, name="far")]

    await ask(shop, replace(request_, message_id=uuid4(), text="And how long does that take?"), *models)

    reworded, answered = (str(messages) for messages in models[0].model.seen)  # type: ignore[attr-defined]
    assert "Mira Okonkwo" in reworded
    assert "Last question" in reworded
    assert "Mira Okonkwo" in answered
