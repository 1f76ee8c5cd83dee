"""Whatever a model's server does, the visitor gets one whole answer: through the whole turn, with what was stored.

The second model stands for the next rung. Times are shorter than in life, in the same order.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.db.sealed import opened_one
from app.db.tables import Message, Trace, Usage
from app.ingest import ingest
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services
from graph.context import ModelRoute
from graph.events import Done, Event, Reset, Token
from graph.models import breaker
from graph.models.hosted import HostedChatModel
from graph.replies import said
from tests.doubles.openai_server import (
    Behaviour,
    Server,
    answer,
    flood,
    quota,
    rate_limited,
    refusal,
    reset,
    serve,
    silence,
)

RULES = [
    "Refunds are paid within 14 days of your request",
    "They go to the card that you paid with",
    "Parcels that arrive broken are refunded at once",
    "Gift cards and opened software cannot be refunded",
    "The cost of sending a parcel back is ours when it was broken",
]
LONG = " ".join(f"{rule} [{1 if place < 2 else 2}]." for place, rule in enumerate(RULES))
"""About 60 tokens, as the double counts them. The shop's own page, found first, has the first two rules alone."""
SHORT = f"{RULES[0]} [1]."
TOOL_CALL = (("refund", '{"order": "12'),)


@dataclass
class House:
    """A shop whose turns go to two servers."""

    services: Services
    first: Server
    second: Server

    async def ask(self, request: TurnRequest) -> "Outcome":
        """Run a turn as a visitor sees it."""
        began, events = time.monotonic(), list[Event]()
        async for event in run_turn(self.services, request):
            events.append(event)
        took_s = time.monotonic() - began
        async with self.services.sessions() as session:
            message = await session.scalar(
                select(Message).where(Message.conversation_id == request.conversation_id, Message.role == "assistant")
            )
            await opened_one(session, message)
            ledger = await session.scalars(
                select(Usage)
                .join(Trace, Trace.id == Usage.trace_id)
                .where(Trace.conversation_id == request.conversation_id)
                .order_by(Usage.id)
            )
            assert message is not None
            return Outcome(events, message, list(ledger), took_s)


@dataclass
class Outcome:
    """What the visitor saw, and what was kept."""

    events: list[Event]
    message: Message
    ledger: list[Usage]
    took_s: float

    @property
    def shown(self) -> str:
        """The text on the page at the end of the stream."""
        text = ""
        for event in self.events:
            text = text + event.text if isinstance(event, Token) else "" if isinstance(event, Reset) else text
        return text

    @property
    def tries(self) -> list[tuple[str, str]]:
        """Route and outcome of each line of the ledger."""
        return [(line.route, line.outcome) for line in self.ledger]


@pytest.fixture
async def house(
    services: Services, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    monkeypatch.setattr(breaker, "FIRST_S", 0.4)
    monkeypatch.setattr(breaker, "LONGEST_S", 1.0)
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules.md").write_text("# Refunds\n\n" + ". ".join(RULES) + ".\n", encoding="utf-8")
    await ingest(services.sessions, services.encoder, services.settings.knowledge, site="shop", paths=[folder])
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serve([answer(LONG)]))
        second = await stack.enter_async_context(serve([answer(SHORT)]))
        routes = []
        for name, server in (("first", first), ("second", second)):
            model = HostedChatModel(model="m", base_url=server.url)
            stack.push_async_callback(model.aclose)
            routes.append(ModelRoute(name, "hosted", model, first_token_s=1.5, between_tokens_s=1.0, trusted=True))
        turn = services.settings.turn.model_copy(update={"waits_s": 3.0})
        settings = services.settings.model_copy(update={"turn": turn})
        yield House(replace(services, models=tuple(routes), settings=settings), first, second)


RETRIED = [("first", "failing"), ("first", "answer")]


@pytest.mark.parametrize(
    ("behaviours", "tries", "answered_by"),
    [
        pytest.param(
            [rate_limited(2), answer(LONG)], [("first", "busy"), ("first", "answer")], "first", id="429 for 2 s, once"
        ),
        pytest.param([rate_limited(2)], [("first", "busy")] * 2 + [("second", "answer")], "second", id="429 for ever"),
        pytest.param([refusal(500), answer(LONG)], RETRIED, "first", id="500 once"),
        pytest.param([refusal(503)], [("first", "failing")] * 2 + [("second", "answer")], "second", id="503 for ever"),
        pytest.param(
            [reset, answer(LONG)], [("first", "out of reach"), ("first", "answer")], "first", id="reset before any byte"
        ),
        pytest.param([silence], [("first", "too slow"), ("second", "answer")], "second", id="silence"),
        pytest.param(
            [answer(LONG, first_token_s=20)],
            [("first", "too slow"), ("second", "answer")],
            "second",
            id="headers, then 20 s",
        ),
        pytest.param(
            [answer(LONG, stop_after=40)],
            [("first", "cut off"), ("second", "answer")],
            "second",
            id="cut after 40 of 60",
        ),
        pytest.param(
            [answer(LONG, stop_after=20, then="stall")],
            [("first", "too slow"), ("second", "answer")],
            "second",
            id="stall after 20",
        ),
        pytest.param(
            [answer(LONG, stop_after=20, then="malformed")],
            [("first", "cut off"), ("second", "answer")],
            "second",
            id="one malformed event",
        ),
        pytest.param([answer(LONG, done=False)], [("first", "answer")], "first", id="no [DONE]"),
        pytest.param(
            [refusal(400, "context_length_exceeded")],
            [("first", "too small for this conversation"), ("second", "answer")],
            "second",
            id="context length exceeded",
        ),
        pytest.param([quota()], [("first", "over quota"), ("second", "answer")], "second", id="insufficient_quota"),
        pytest.param([refusal(401)], [("first", "not accepting our key"), ("second", "answer")], "second", id="401"),
        pytest.param(
            [answer(LONG, stop_after=10, then="error")],
            [("first", "cut off"), ("second", "answer")],
            "second",
            id="error event after ten tokens",
        ),
        pytest.param(
            [rate_limited(3600)], [("first", "busy"), ("second", "answer")], "second", id="Retry-After of an hour"
        ),
        pytest.param([answer(LONG, finish_reason="length")], [("first", "answer")], "first", id="ends with length"),
        pytest.param([flood(50_000_000)], [("first", "cut off"), ("second", "answer")], "second", id="body of 50 MB"),
        pytest.param([answer(LONG, usage=False)], [("first", "answer")], "first", id="usage missing"),
        pytest.param(
            [answer("", tool_calls=TOOL_CALL)],
            [("first", "cut off"), ("second", "answer")],
            "second",
            id="cut tool call",
        ),
    ],
)
async def test_the_visitor_gets_one_whole_answer(
    house: House,
    request_: TurnRequest,
    behaviours: list[Behaviour],
    tries: list[tuple[str, str]],
    answered_by: str,
) -> None:
    house.first.play(*behaviours)

    outcome = await house.ask(request_)

    whole = LONG if answered_by == "first" else SHORT
    done = outcome.events[-1]
    assert isinstance(done, Done)
    assert done.text == outcome.shown == outcome.message.text == whole
    assert (outcome.message.status, outcome.message.answered_by) == ("done", answered_by)
    assert outcome.tries == tries
    assert len(house.first.requests) == sum(route == "first" for route, _ in tries)
    assert len(house.second.requests) == sum(route == "second" for route, _ in tries)
    assert outcome.took_s < 10


async def test_a_refusal_of_content_is_passed_on_and_not_routed_around(house: House, request_: TurnRequest) -> None:
    house.first.play(refusal(400, "content_policy_violation"))

    outcome = await house.ask(request_)

    assert outcome.shown == outcome.message.text == said("declined", "en")
    assert outcome.message.notice is None
    assert outcome.tries == [("first", "declining the content")]
    assert not house.second.requests


async def test_a_cut_whose_fallback_will_not_continue_an_assistant_message(house: House, request_: TurnRequest) -> None:
    house.first.play(answer(LONG, stop_after=40))
    house.second.play(refusal(400, "invalid_request_error"), answer(SHORT))
    first, second = house.services.models
    house.services = replace(house.services, models=(first, replace(second, continues=True)))

    outcome = await house.ask(request_)

    assert outcome.shown == outcome.message.text == SHORT
    assert outcome.tries == [("first", "cut off"), ("second", "refusing the request"), ("second", "answer")]
    assert house.second.requests[0].messages[-1]["role"] == "assistant"
    assert house.second.requests[1].messages[-1]["role"] == "user"


async def test_a_server_that_is_down_for_a_while_is_left_alone_and_then_asked_again(
    house: House, request_: TurnRequest
) -> None:
    house.first.play(refusal(503))
    outcomes = []
    for _ in range(20):
        again = replace(request_, conversation_id=uuid4(), message_id=uuid4(), counted=False)
        outcomes.append(await house.ask(again))
    asked_while_down = len(house.first.requests)
    house.first.play(answer(LONG))
    until = time.monotonic() + 10
    while (last := await house.ask(replace(again, conversation_id=uuid4(), message_id=uuid4()))).shown != LONG:
        assert time.monotonic() < until, "it was never asked again"
        await asyncio.sleep(0.1)

    assert all(outcome.shown == outcome.message.text == SHORT for outcome in outcomes)
    assert asked_while_down < 20
    assert last.message.answered_by == "first"
    assert (last.message.status, last.tries) == ("done", [("first", "answer")])


async def test_a_failed_try_is_never_billed_as_an_answer(house: House, request_: TurnRequest) -> None:
    house.first.play(refusal(503))

    outcome = await house.ask(request_)

    failed = [line for line in outcome.ledger if line.outcome != "answer"]
    assert [(line.input_tokens, line.output_tokens, line.estimated) for line in failed] == [(0, 0, False)] * 2
    assert sum(line.cost_usd or Decimal(0) for line in failed) == 0
    answered = outcome.ledger[-1]
    assert (answered.outcome, answered.estimated) == ("answer", False)
    assert answered.output_tokens == len(SHORT.split())


async def test_without_a_count_the_tokens_are_estimated_and_marked(house: House, request_: TurnRequest) -> None:
    house.first.play(answer(LONG, usage=False))

    line = (await house.ask(request_)).ledger[0]

    assert line.estimated
    assert line.output_tokens == -(-len(LONG) // 4)


async def test_when_every_model_fails_the_documents_answer_and_all_tries_are_kept(
    house: House, request_: TurnRequest
) -> None:
    house.first.play(quota())
    house.second.play(silence)

    outcome = await house.ask(request_)

    assert outcome.message.rung == "quote"
    assert "14 days" in outcome.shown
    assert outcome.tries == [("first", "over quota"), ("second", "too slow")]


async def test_a_quota_is_remembered_by_the_next_turn(house: House, request_: TurnRequest) -> None:
    house.first.play(quota())
    await house.ask(request_)

    outcome = await house.ask(replace(request_, conversation_id=uuid4(), message_id=uuid4()))

    assert len(house.first.requests) == 1
    assert outcome.tries == [("first", "over quota"), ("second", "answer")]
    assert outcome.message.notice == "The model first is over quota, so another hosted model answered."
