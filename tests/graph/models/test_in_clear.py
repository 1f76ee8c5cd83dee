"""Each route of a chain is sent what it may see and nothing else, and no event of the chain holds any of it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk

from graph.context import ModelRoute
from graph.errors import QuotaExhausted, StreamCut
from graph.models.chain import Answered, Attempt, Delta, Withdrawn, stream_answer
from graph.prompts import called
from tests.graph.scripted import LIMITS, Scripted, route

NAME, MAIL = "Mira Okonkwo", "mira@example.org"
PERSONAL = {"[PERSON_1]": NAME, "[EMAIL_1]": MAIL}
MESSAGES: list[BaseMessage] = [
    SystemMessage("Words such as [PERSON_1] stand for personal data."),
    HumanMessage("I am [PERSON_1], write to [EMAIL_1]."),
    AIMessage("Hello [person_1]."),
    HumanMessage("And PERSON_1?"),
]
Event = Attempt | Delta | Withdrawn | Answered


def seeing(*types: str, text: str = "", **how: Any) -> ModelRoute:
    return replace(route(text, **how), sees=frozenset(types))


async def asked(
    *routes: ModelRoute, messages: list[BaseMessage] = MESSAGES, personal: Mapping[str, str] = PERSONAL
) -> list[Event]:
    return [event async for event in stream_answer(routes, messages, limits=LIMITS, personal=personal)]


def sent(asked: ModelRoute) -> str:
    assert isinstance(asked.model, Scripted)
    return "\n".join(str(message.content) for messages in asked.model.seen for message in messages)


def shown(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def told(events: Sequence[Event]) -> str:
    """All that the events say, but the routes, whose scripts the names stand in."""
    parts = [replace(event, route=route()) if isinstance(event, Answered | Withdrawn) else event for event in events]
    return repr([part for part in parts if not isinstance(part, Attempt)])


@pytest.mark.parametrize(
    ("types", "name", "mail"),
    [
        pytest.param([], False, False, id="nothing"),
        pytest.param(["PERSON"], True, False, id="names"),
        pytest.param(["EMAIL"], False, True, id="addresses"),
        pytest.param(["EMAIL", "PERSON"], True, True, id="both"),
        pytest.param(["PHONE"], False, False, id="what nobody wrote"),
    ],
)
async def test_a_route_is_sent_the_kinds_that_it_sees(types: list[str], name: bool, mail: bool) -> None:
    model = seeing(*types, text="Well.")

    await asked(model)

    assert (NAME in sent(model), MAIL in sent(model)) == (name, mail)
    assert sent(model).startswith("Words such as [PERSON_1] stand for")
    assert "[PERSON_1]" in str(MESSAGES), "the messages themselves stay as they are"
    assert NAME not in str(MESSAGES)


async def test_what_a_model_repeats_is_a_token_in_every_event() -> None:
    events = await asked(seeing("PERSON", text=f"Dear {NAME}, we wrote to [EMAIL_1]. {NAME}"))

    assert shown(events) == "Dear [PERSON_1], we wrote to [EMAIL_1]. [PERSON_1]"
    assert isinstance(events[-1], Answered)
    assert events[-1].text == shown(events)
    assert NAME not in told(events)


async def test_a_model_that_sees_nothing_is_not_touched() -> None:
    events = await asked(seeing(text=f"Dear {NAME}."))

    assert shown(events) == f"Dear {NAME}."


@pytest.mark.parametrize("cut_after", [0, 2, 3])
async def test_the_hosted_model_after_a_local_one_is_sent_no_name(cut_after: int) -> None:
    local = seeing("PERSON", text=f"Dear {NAME}, hello", name="house", rung="local", fault=StreamCut())
    local.model.cut_after = cut_after  # type: ignore[attr-defined]  # a scripted one
    hosted = replace(seeing(text=" Well.", name="far"), continues=True)

    events = await asked(local, hosted)

    assert NAME in sent(local)
    assert NAME.split()[0] not in sent(hosted)
    assert "I am [PERSON_1], write to [EMAIL_1]." in sent(hosted)
    assert NAME.split()[0] not in told(events)
    assert isinstance(events[-1], Answered)
    assert events[-1].route.name == "far"


async def test_a_local_model_goes_on_with_the_name_in_what_a_hosted_one_began() -> None:
    hosted = seeing(text="Dear [PERSON_1], all is well", name="far", fault=StreamCut(), cut_after=3)
    local = replace(seeing("PERSON", text=" well.", name="house", rung="local"), continues=True)

    events = await asked(hosted, local)

    assert NAME not in sent(hosted)
    assert sent(local).endswith(f"Dear {NAME}, all")
    assert isinstance(events[-1], Answered)
    assert events[-1].text == "Dear [PERSON_1], all well."


async def test_the_beginning_of_a_value_where_the_length_was_cut_is_left_out() -> None:
    model = seeing("PERSON", text="Hello Mira Okon")
    model.model.finish_reason = "length"  # type: ignore[attr-defined]  # a scripted one

    assert shown(await asked(model)) == "Hello "


async def test_a_fault_over_quota_leaves_nothing_behind() -> None:
    local = seeing("PERSON", fault=QuotaExhausted(), name="house", rung="local")

    events = await asked(local, seeing(text="Well."))

    assert NAME not in told(events)


class Calling(Scripted):
    """Calls a tool with what it was shown."""

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._seen.append(messages)
        args = {"name": NAME, "also": [f"for {NAME}", 170_1234], NAME: True}
        call = {"name": "order", "args": args, "id": "1", "type": "tool_call"}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_calls=[call]))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata={"finish_reason": "tool_calls"}))


async def test_calls_of_tools_hold_tokens_and_go_back_to_each_model_as_it_may_see_them() -> None:
    model = replace(seeing("PERSON", "PHONE"), model=Calling())

    answered = (await asked(model, personal={**PERSONAL, "[PHONE_1]": "1701234"}))[-1]

    assert isinstance(answered, Answered)
    (call,) = answered.calls
    assert call["args"] == {"name": "[PERSON_1]", "also": ["for [PERSON_1]", "[PHONE_1]"], "[PERSON_1]": True}

    told = [*MESSAGES, *called(answered.calls, ["It is for [PERSON_1]."], "x")]
    local, hosted = seeing("PERSON", text="Well."), seeing(text="Well.")
    for asks in (local, hosted):
        await asked(asks, messages=told)
    assert isinstance(local.model, Scripted)
    *_, calls, result = local.model.seen[0]
    assert isinstance(calls, AIMessage)
    assert isinstance(result, ToolMessage)
    assert calls.tool_calls[0]["args"]["name"] == NAME
    assert NAME in result.text
    assert isinstance(hosted.model, Scripted)
    assert NAME not in str(hosted.model.seen)
