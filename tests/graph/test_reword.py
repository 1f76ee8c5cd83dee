"""A question that leans on the conversation is made to stand alone, by a model that may not invent."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.outputs import ChatGenerationChunk

from graph.context import ModelRoute, TurnContext
from graph.errors import ModelFault, QuotaExhausted
from graph.events import REWORDED
from graph.rungs import reword
from graph.rungs.reword import searched_for
from graph.state import Earlier, TurnState
from tests.graph.scripted import (
    LIMITS,
    FixedInjection,
    FixedIntent,
    FixedKnowledge,
    NoBreakersTold,
    Scripted,
    WordEncoder,
    route,
)

HISTORY = [
    Earlier("visitor", "How do I get a refund for the harbour lamp?"),
    Earlier("assistant", "Write to us within 14 days; the refund goes to your card [1]."),
]
LEANS = "And how long does that take?"
ABOUT = "refund harbour lamp"
BY_RULES = f"{LEANS} {ABOUT}"
GOOD = "How long does a refund for the harbour lamp take?"


class Silent(Scripted):
    """Says nothing for a long time."""

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        await asyncio.sleep(60)
        async for chunk in super()._astream(*args, **kwargs):
            yield chunk


def context(*small_jobs: ModelRoute, breakers: NoBreakersTold | None = None) -> TurnContext:
    return TurnContext(
        assistant="Ada",
        subject="the shop",
        encoder=WordEncoder(),
        injection=FixedInjection(),
        intents=FixedIntent(),
        knowledge=FixedKnowledge([]),
        models=(),
        limits=LIMITS,
        small_jobs=small_jobs,
        breakers=breakers or NoBreakersTold(),
    )


def state(question: str, history: list[Earlier] | None = None) -> TurnState:
    return {"question": question, "history": HISTORY if history is None else history, "attached": []}


async def test_the_models_wording_is_searched_for_and_billed_as_no_answer() -> None:
    ctx = context(route(GOOD, name="small"))

    assert await searched_for(state(LEANS), ctx) == GOOD

    (used,) = ctx.tries
    assert (used.route, used.outcome) == ("small", REWORDED)
    (messages,) = ctx.small_jobs[0].model.seen  # type: ignore[attr-defined]  # a scripted one
    assert "harbour lamp" in messages[-1].text
    assert messages[-1].text.endswith(f"Last question: {LEANS}")


@pytest.mark.parametrize(
    ("question", "wording"),
    [
        pytest.param(LEANS, "A refund takes five weeks.", id="it answers"),
        pytest.param(LEANS, "How long does a refund for the winter coat take?", id="it names what nobody said"),
        pytest.param(LEANS, f"{GOOD}\nIt takes two weeks.", id="it goes on"),
        pytest.param(LEANS, "", id="it says nothing"),
        pytest.param(LEANS, GOOD + " " + "refund " * 60, id="it does not end"),
        pytest.param("And for 3 of them?", "And for 30 harbour lamp refund?", id="it changes a figure"),
        pytest.param("And for a broken one?", "How do I get a refund for the lamp?", id="it drops what was asked"),
        pytest.param("And for [PERSON_1]?", "And for a refund?", id="it drops a name"),
    ],
)
async def test_a_model_that_invents_or_drops_is_not_followed(question: str, wording: str) -> None:
    assert await searched_for(state(question), context(route(wording))) == f"{question} {ABOUT}"


@pytest.mark.parametrize(
    ("question", "history"),
    [
        pytest.param(LEANS, [], id="nothing was said"),
        pytest.param(
            "Which payment methods and delivery addresses do parcels abroad allow in winter?",
            HISTORY,
            id="it names enough",
        ),
    ],
)
async def test_a_question_that_stands_alone_costs_no_model(question: str, history: list[Earlier]) -> None:
    ctx = context(route("Something else."))

    assert await searched_for(state(question, history), ctx) == question
    assert ctx.tries == []


async def test_the_next_model_serves_when_the_first_is_over_quota() -> None:
    ctx = context(route(fault=QuotaExhausted(), name="first"), route(GOOD, name="second"))

    assert await searched_for(state(LEANS), ctx) == GOOD
    assert [used.route for used in ctx.tries] == ["first", "second"]


async def test_a_model_that_takes_too_long_is_not_waited_for_and_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reword, "REWORD_S", 0.05)
    slow = ModelRoute("slow", "hosted", Silent(), first_token_s=5, between_tokens_s=5, trusted=True)
    told = NoBreakersTold()

    assert await searched_for(state(LEANS), context(slow, breakers=told)) == BY_RULES
    assert told.faults == []


async def test_a_fault_of_its_own_is_held_against_a_model() -> None:
    told = NoBreakersTold()

    assert await searched_for(state(LEANS), context(route(fault=QuotaExhausted()), breakers=told)) == BY_RULES
    assert [type(fault) for fault in told.faults] == [QuotaExhausted]
    assert all(isinstance(fault, ModelFault) for fault in told.faults)
