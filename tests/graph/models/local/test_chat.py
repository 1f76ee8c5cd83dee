"""Values by a schema and calls of tools, from a model that was trained on neither."""

import json

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from graph.errors import RequestRefused
from graph.models.local import LocalChatModel
from graph.models.local.calls import CLOSE, OPEN, CallReader, with_tools

ASKED: list[BaseMessage] = [SystemMessage("You work for a shop."), HumanMessage("Where is order 17?")]


class Order(BaseModel):
    """An order."""

    number: int
    state: str


@tool
def order_state(number: int) -> str:
    """Tell where an order is."""
    return f"Order {number} is on its way."


@tool
def opening_hours(day: str) -> str:
    """Tell when the shop is open."""
    return f"On {day} from 9 to 5."


@pytest.mark.model
async def test_a_json_schema_holds(local_model: LocalChatModel) -> None:
    schema = {
        "type": "object",
        "properties": {"sure": {"type": "boolean"}, "kind": {"enum": ["order", "refund"]}},
        "required": ["sure", "kind"],
    }

    message = await local_model.ainvoke(ASKED, json_schema=schema, max_tokens=60)

    value = json.loads(str(message.text))
    assert set(value) == {"sure", "kind"}
    assert isinstance(value["sure"], bool)
    assert value["kind"] in ("order", "refund")


@pytest.mark.model
async def test_the_named_tool_is_called_with_arguments_of_its_schema(local_model: LocalChatModel) -> None:
    model = local_model.bind_tools([order_state, opening_hours], tool_choice="order_state", max_tokens=80)

    message = await model.ainvoke(ASKED)

    (call,) = message.tool_calls
    assert call["name"] == "order_state"
    assert isinstance(call["args"]["number"], int)
    assert message.text == ""
    assert message.response_metadata["finish_reason"] == "tool_calls"


@pytest.mark.model
async def test_a_free_choice_is_a_text_or_a_call(local_model: LocalChatModel) -> None:
    message = await local_model.bind_tools([order_state], max_tokens=60).ainvoke(ASKED)

    assert bool(message.text) != bool(message.tool_calls)


@pytest.mark.model
async def test_a_tool_that_is_not_there_is_refused(local_model: LocalChatModel) -> None:
    with pytest.raises(RequestRefused, match="refund"):
        await local_model.bind_tools([order_state], tool_choice="refund").ainvoke(ASKED)


@pytest.mark.model
async def test_a_value_of_a_class(local_model: LocalChatModel) -> None:
    value = await local_model.with_structured_output(Order).ainvoke(ASKED, max_tokens=120)

    assert isinstance(value, Order)


@pytest.mark.parametrize(
    ("pieces", "passed", "called"),
    [
        pytest.param(["Hello", " there"], ["Hello", " there"], None, id="a text"),
        pytest.param(["<tool", " kit"], ["", "<tool kit"], None, id="a text that begins like a call"),
        pytest.param([OPEN[:5], OPEN[5:] + '{"name": "a", "arguments": {"b": 1}}' + CLOSE], ["", ""], "a", id="a call"),
        pytest.param([OPEN + '{"name": "a"'], [""], None, id="a call that was cut"),
    ],
)
def test_a_call_is_told_from_a_text(pieces: list[str], passed: list[str], called: str | None) -> None:
    reader = CallReader()

    assert [reader.add(piece) for piece in pieces] == passed
    rest, call = reader.end()
    assert (call["name"] if call else None) == called
    assert call or "".join(passed) + rest == "".join(pieces)


def test_calls_and_their_results_are_told_as_text() -> None:
    call = AIMessage("", tool_calls=[{"name": "order_state", "args": {"number": 17}, "id": "1"}])
    told = with_tools([*ASKED, call, ToolMessage("On its way.", tool_call_id="1")], [])

    assert [type(message) for message in told] == [SystemMessage, HumanMessage, AIMessage, HumanMessage]
    assert "You work for a shop." in told[0].text
    assert '{"name": "order_state", "arguments": {"number": 17}}' in told[2].text
    assert "On its way." in told[3].text
