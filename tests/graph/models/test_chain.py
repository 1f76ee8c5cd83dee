"""Whatever the hosted model does, the visitor gets one whole answer, or is told that there is none."""

import asyncio
import time
from dataclasses import replace

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from graph.absent import NoBreakers
from graph.models.chain import Answered, Delta, NoModelAnswered, stream_answer
from graph.models.hosted import HostedChatModel
from graph.models.local import LocalChatModel
from tests.doubles.openai_server import (
    Answer,
    Behaviour,
    answer,
    flood,
    http_date,
    quota,
    rate_limited,
    refusal,
    refuses_parameter,
    reset,
    silence,
)
from tests.graph.models.conftest import FALLBACK_TEXT, LIMITS, Chain, Transcript, route

WHOLE = "Refunds take five days, we write to you when they are on their way."
GOOD = answer(WHOLE)
SPENT_MIDWAY = answer(WHOLE, stop_after=6, then="error", error_code="insufficient_quota")


@pytest.mark.parametrize(
    ("behaviours", "requests"),
    [
        pytest.param([GOOD], 1, id="well"),
        pytest.param([rate_limited(0.2), GOOD], 2, id="short wait is worth it"),
        pytest.param([refusal(500), GOOD], 2, id="failed once"),
        pytest.param([refusal(503), GOOD], 2, id="unavailable once"),
        pytest.param([reset, GOOD], 2, id="reset before any byte"),
        pytest.param([answer(WHOLE, done=False)], 1, id="no [DONE]"),
        pytest.param([answer(WHOLE, done=False, hold_open=True)], 1, id="connection held open after the end"),
        pytest.param([answer(WHOLE, first_token_s=0.2)], 1, id="slow, within the deadline"),
        pytest.param([refuses_parameter("stream_options", GOOD)], 2, id="server that cannot count"),
        pytest.param([refuses_parameter("max_tokens", GOOD)], 2, id="server with another name for the limit"),
        pytest.param([answer(WHOLE, usage=False)], 1, id="usage missing"),
    ],
)
async def test_hosted_model_answers_in_the_end(chain: Chain, behaviours: list[Behaviour], requests: int) -> None:
    chain.first.play(*behaviours)

    transcript = await chain.ask()

    assert transcript.answered.route.name == "first"
    assert transcript.answered.text == transcript.shown == WHOLE
    assert len(chain.first.requests) == requests
    assert not chain.second.requests


@pytest.mark.parametrize(
    ("behaviour", "label", "requests", "withdrawn"),
    [
        pytest.param(quota(), "over quota", 1, False, id="over quota"),
        pytest.param(refusal(402), "over quota", 1, False, id="not paid"),
        pytest.param(rate_limited(3600), "busy", 1, False, id="asked to wait an hour"),
        pytest.param(rate_limited(None), "busy", 1, False, id="asked to wait, not how long"),
        pytest.param(rate_limited(0.1), "busy", 2, False, id="asked to wait for ever"),
        pytest.param(refusal(500), "failing", 2, False, id="fails for ever"),
        pytest.param(refusal(401), "not accepting our key", 1, False, id="key refused"),
        pytest.param(refusal(404), "refusing the request", 1, False, id="no such model"),
        pytest.param(refusal(307), "refusing the request", 1, False, id="redirected elsewhere"),
        pytest.param(
            refusal(400, "context_length_exceeded"), "too small for this conversation", 1, False, id="too long"
        ),
        pytest.param(reset, "out of reach", 2, False, id="reset for ever"),
        pytest.param(silence, "too slow", 1, False, id="silence"),
        pytest.param(answer(WHOLE, first_token_s=20), "too slow", 1, False, id="headers, then silence"),
        pytest.param(answer(WHOLE, stop_after=6, then="stall"), "too slow", 1, True, id="stalled"),
        pytest.param(answer(WHOLE, stop_after=6), "cut off", 1, True, id="cut"),
        pytest.param(answer(WHOLE, stop_after=6, then="malformed"), "cut off", 1, True, id="malformed event"),
        pytest.param(answer(WHOLE, stop_after=6, then="error"), "cut off", 1, True, id="error event"),
        pytest.param(SPENT_MIDWAY, "over quota", 1, True, id="over quota half-way"),
        pytest.param(answer(WHOLE, finish_reason=None), "cut off", 1, True, id="no finish reason"),
        pytest.param(answer("", finish_reason="length"), "cut off", 1, False, id="empty"),
        pytest.param(flood(50_000_000), "cut off", 1, False, id="body of 50 MB"),
    ],
)
async def test_next_model_answers_anew(
    chain: Chain, behaviour: Behaviour, label: str, requests: int, withdrawn: bool
) -> None:
    chain.first.play(behaviour)

    transcript = await chain.ask()

    assert transcript.answered.route.name == "second"
    assert transcript.answered.text == transcript.shown == FALLBACK_TEXT
    assert transcript.withdrawals == [(label, withdrawn)] * requests
    assert [(used.route, used.outcome) for used in transcript.answered.tries] == [
        *[("first", label)] * requests,
        ("second", "answer"),
    ]
    assert len(chain.first.requests) == requests
    assert len(chain.second.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "shown"),
    [
        pytest.param(refusal(400, "content_policy_violation"), False, id="refused"),
        pytest.param(answer(WHOLE, finish_reason="content_filter"), True, id="withheld at the end"),
    ],
)
async def test_what_a_policy_refuses_no_other_model_is_asked(chain: Chain, behaviour: Behaviour, shown: bool) -> None:
    chain.first.play(behaviour)

    with pytest.raises(NoModelAnswered) as failure:
        await chain.ask()

    assert failure.value.declined is chain.routes[0]
    assert [used.outcome for used in failure.value.tries] == ["declining the content"]
    assert not chain.second.requests


async def test_what_is_too_long_goes_to_a_model_with_more_room(chain: Chain) -> None:
    chain.first.play(refusal(400, "context_length_exceeded"))
    small, large = chain.routes
    chain.routes[:] = [replace(small, context_tokens=4096), replace(small, name="as small", context_tokens=4096), large]

    transcript = await chain.ask()

    assert [used.route for used in transcript.answered.tries] == ["first", "second"]


async def test_what_is_too_long_for_all_is_asked_without_what_was_said_before(chain: Chain) -> None:
    too_long = refusal(400, "context_length_exceeded")
    chain.first.play(too_long, GOOD)
    chain.second.play(too_long)
    history = [HumanMessage("Hello"), AIMessage("Hello."), HumanMessage("How do refunds work?")]

    answered = [
        event async for event in stream_answer(chain.routes, [SystemMessage("Be kind."), *history], limits=LIMITS)
    ]

    assert isinstance(answered[-1], Answered)
    assert answered[-1].text == WHOLE
    assert [message["content"] for message in chain.first.requests[-1].messages] == ["Be kind.", "How do refunds work?"]


async def test_a_cut_answer_is_continued_where_that_is_possible(chain: Chain) -> None:
    chain.first.play(answer(WHOLE, stop_after=6))
    chain.second.play(answer(" and here it goes on."))
    chain.routes[1] = replace(chain.routes[1], continues=True)

    transcript = await chain.ask()

    begun = "Refunds take five days, we write"
    assert transcript.answered.text == transcript.shown == f"{begun} and here it goes on."
    assert transcript.withdrawals == [("cut off", False)]
    assert chain.second.requests[0].messages[-1] == {"role": "assistant", "content": begun}


async def test_a_model_that_will_not_continue_begins_anew(chain: Chain) -> None:
    chain.first.play(answer(WHOLE, stop_after=6))
    chain.second.play(refusal(400, "invalid_request_error"), answer(FALLBACK_TEXT))
    chain.routes[1] = replace(chain.routes[1], continues=True)

    transcript = await chain.ask()

    assert transcript.answered.text == transcript.shown == FALLBACK_TEXT
    assert transcript.withdrawals == [("cut off", False), ("refusing the request", True)]


class ClosedMeanwhile(NoBreakers):
    """A route is well when it is looked at, and closed when it is to be asked."""

    async def why_not(self, route: str, *, asking: bool = True) -> str | None:
        return "failing" if asking and route == "second" else None


async def test_no_two_halves_when_the_route_that_was_to_continue_is_closed_meanwhile(chain: Chain) -> None:
    chain.first.play(answer(WHOLE, stop_after=6))
    chain.second.play(answer(FALLBACK_TEXT))
    first, second = chain.routes
    routes = [first, replace(second, continues=True), replace(second, name="third")]
    transcript = Transcript()

    async for event in stream_answer(routes, [HumanMessage("Hi?")], limits=LIMITS, breakers=ClosedMeanwhile()):
        transcript.events.append(event)

    assert transcript.answered.route.name == "third"
    assert transcript.answered.text == transcript.shown == FALLBACK_TEXT
    assert transcript.withdrawals == [("cut off", False), ("cut off", True)]


async def test_a_tool_call_cut_in_its_arguments_is_no_answer(chain: Chain) -> None:
    chain.first.play(answer("", tool_calls=(("refund", '{"order": "12'),)))

    transcript = await chain.ask()

    assert transcript.answered.route.name == "second"
    assert [used.outcome for used in transcript.answered.tries] == ["cut off", "answer"]


async def test_a_server_that_is_gone(chain: Chain) -> None:
    gone = HostedChatModel(model="m", base_url="http://127.0.0.1:9/v1")
    chain.routes[0] = route(gone, "first")

    transcript = await chain.ask()

    assert transcript.withdrawals == [("out of reach", False)] * 2
    assert transcript.answered.text == FALLBACK_TEXT


async def test_a_date_is_waited_for(chain: Chain) -> None:
    chain.first.play(rate_limited(http_date(time.time() + 2)), GOOD)
    began = time.monotonic()

    transcript = await chain.ask(limits=replace(LIMITS, waits_s=3))

    assert transcript.answered.text == WHOLE
    assert 0.5 < time.monotonic() - began < 3


async def test_all_models_fail(chain: Chain) -> None:
    chain.first.play(quota())
    chain.second.play(answer(WHOLE, stop_after=2))

    with pytest.raises(NoModelAnswered) as failure:
        await chain.ask()

    tries = [(used.route, used.outcome) for used in failure.value.tries]
    assert tries == [("first", "over quota"), ("second", "cut off")]


async def test_the_turn_has_a_deadline(chain: Chain) -> None:
    chain.first.play(answer("word " * 200, between_tokens_s=0.05))
    began = time.monotonic()

    with pytest.raises(NoModelAnswered) as failure:
        await chain.ask(limits=replace(LIMITS, turn_s=0.5))

    assert time.monotonic() - began < 3.0
    assert [used.outcome for used in failure.value.tries] == ["too slow"]
    assert not chain.second.requests


async def test_usage_is_the_servers(chain: Chain) -> None:
    chain.first.play(GOOD)

    usage = (await chain.ask("How do refunds work?")).answered.usage

    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (4, len(WHOLE.split()), False)
    assert (usage.model, usage.rung) == ("double-1", "hosted")


async def test_missing_usage_is_estimated(chain: Chain) -> None:
    chain.first.play(answer("x" * 400, usage=False))

    usage = (await chain.ask("q" * 80)).answered.usage

    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (20, 100, True)


async def test_an_answer_cut_by_the_token_limit_says_so(chain: Chain) -> None:
    chain.first.play(answer(WHOLE, finish_reason="length"))

    answered = (await chain.ask()).answered

    assert (answered.route.name, answered.finish_reason) == ("first", "length")


async def test_leaving_hangs_up(chain: Chain) -> None:
    chain.first.play(answer("word " * 500, between_tokens_s=0.02))
    events = stream_answer(chain.routes, [HumanMessage("Hi?")], limits=LIMITS)
    async for event in events:
        if isinstance(event, Delta):
            break

    await events.aclose()

    async with asyncio.timeout(1):
        await chain.first.requests[0].gone.wait()
    assert not chain.second.requests


async def test_a_slow_reader_is_not_a_slow_model(chain: Chain) -> None:
    chain.first.play(GOOD)
    transcript = Transcript()
    async for event in stream_answer(chain.routes, [HumanMessage("Hi?")], limits=LIMITS):
        if isinstance(event, Delta) and event.text == " five":
            await asyncio.sleep(1.2)  # longer than between_tokens_s
        transcript.events.append(event)

    assert transcript.answered.route.name == "first"


@pytest.mark.model
@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(quota(), id="over quota"),
        pytest.param(reset, id="reset"),
        pytest.param(Answer(WHOLE, stop_after=6), id="cut"),
    ],
)
async def test_the_local_model_takes_over(chain: Chain, local_model: LocalChatModel, behaviour: Behaviour) -> None:
    chain.first.play(behaviour)
    chain.routes[1] = route(local_model, "local")
    alone = await local_model.ainvoke([HumanMessage("How do refunds work?")], max_tokens=LIMITS.answer_tokens)

    transcript = await chain.ask()

    assert isinstance(transcript.events[-1], Answered)
    assert transcript.answered.route.name == "local"
    assert transcript.answered.text == transcript.shown == alone.text
    assert transcript.answered.usage.output_tokens == LIMITS.answer_tokens
    assert transcript.answered.usage.estimated is False
