"""The hosted model by itself, against a server that speaks the protocol."""

from collections.abc import AsyncIterator

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.tools import tool
from pydantic import SecretStr

from graph.errors import ContentRefused, KeyRefused, QuotaExhausted, RequestRefused, StreamCut
from graph.models.hosted import HIDDEN_TOKENS, HostedChatModel
from tests.doubles.openai_server import Behaviour, Server, answer, quota, refusal, refuses_parameter, serve


@tool
def order_status(number: str) -> str:
    """Look up an order."""
    return number


async def read_to_the_end(stream: AsyncIterator[AIMessage]) -> AIMessageChunk:
    whole = AIMessageChunk(content="")
    async for chunk in stream:
        assert isinstance(chunk, AIMessageChunk)
        whole += chunk
    return whole


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serve([answer("All is well.")]) as double:
        yield double


@pytest.fixture
async def model(server: Server) -> AsyncIterator[HostedChatModel]:
    hosted = HostedChatModel(model="m", base_url=server.url, api_key=SecretStr("sk-1"))
    yield hosted
    await hosted.aclose()


async def test_a_whole_answer(server: Server, model: HostedChatModel) -> None:
    message = await model.ainvoke([SystemMessage("Be brief."), HumanMessage("How is it?")], max_tokens=50)

    assert message.text == "All is well."
    assert message.response_metadata["finish_reason"] == "stop"
    assert message.usage_metadata
    assert message.usage_metadata["output_tokens"] == 3
    [request] = server.requests
    assert request.headers["authorization"] == "Bearer sk-1"
    assert [m["role"] for m in request.messages] == ["system", "user"]
    assert (request.body["stream"], request.body["max_tokens"]) == (False, 50)


async def test_a_server_without_a_key(server: Server) -> None:
    model = HostedChatModel(model="m", base_url=server.url)

    assert (await model.ainvoke("Hi?")).text == "All is well."
    await model.aclose()


@pytest.mark.parametrize("streamed", [True, False])
async def test_tools(server: Server, model: HostedChatModel, streamed: bool) -> None:
    server.play(answer("", tool_calls=(("order_status", '{"number": "A-17"}'),), finish_reason="tool_calls"))
    bound = model.bind_tools([order_status], tool_choice="order_status")
    call = ToolCall(name="order_status", args={"number": "A-16"}, id="call_9")
    earlier = AIMessage(content="", tool_calls=[call])
    messages = [HumanMessage("And A-17?"), earlier, ToolMessage("sent", tool_call_id="call_9")]

    message = await (read_to_the_end(bound.astream(messages)) if streamed else bound.ainvoke(messages))

    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("order_status", {"number": "A-17"})]
    body = server.requests[0].body
    assert body["tools"][0]["function"]["name"] == "order_status"
    assert body["tool_choice"]["function"]["name"] == "order_status"
    assert body["messages"][-1]["tool_call_id"] == "call_9"


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        pytest.param(quota(), QuotaExhausted, id="over quota"),
        pytest.param(refusal(403), KeyRefused, id="forbidden"),
        pytest.param(refusal(422), RequestRefused, id="refused"),
        pytest.param(answer("No.", finish_reason="content_filter"), ContentRefused, id="withheld"),
        pytest.param(answer("Half an", finish_reason=None), StreamCut, id="no finish reason"),
    ],
)
async def test_faults(
    server: Server, model: HostedChatModel, behaviour: Behaviour, fault: type[Exception], streamed: bool
) -> None:
    server.play(behaviour)

    with pytest.raises(fault):
        await (read_to_the_end(model.astream("Hi?")) if streamed else model.ainvoke("Hi?"))


async def test_a_refused_parameter_is_left_out_from_then_on(server: Server, model: HostedChatModel) -> None:
    server.play(refuses_parameter("max_tokens", answer("Yes.")))

    await model.ainvoke("Hi?", max_tokens=50)
    await model.ainvoke("Hi?", max_tokens=50)

    limits = [(r.body.get("max_tokens"), r.body.get("max_completion_tokens")) for r in server.requests]
    assert limits == [(50, None), (None, 50 + HIDDEN_TOKENS), (None, 50 + HIDDEN_TOKENS)]


async def test_a_grammar_is_not_sent(server: Server, model: HostedChatModel) -> None:
    await model.ainvoke("Hi?", grammar='root ::= "x"')

    assert "grammar" not in server.requests[0].body
