"""Tools that look something up, through whole turns: a real model server, a real system, the real database."""

from dataclasses import replace
from uuid import uuid4

import pytest

from app.turn_request import TurnRequest
from app.wiring import Services
from tests.app.shop_system import System
from tests.app.tooled import STATUS, commanded, done
from tests.app.turning import QUESTION, ask
from tests.doubles.obeying import obeying
from tests.doubles.openai_server import Server, answer, refuses_parameter

# What a tool looks up


async def test_what_a_tool_gives_is_cited_and_holds_the_answer(
    shop: Services, system: System, model: Server, request_: TurnRequest
) -> None:
    model.play(obeying("Your order was delivered on 9 June. The order status is sent, delivery date 3 May [1]."))
    system.order = {"order": {"status": "sent", "delivery_date": "3 May"}}

    events = await ask(commanded(shop), replace(request_, text=f"Where is it? {STATUS}"))

    assert [path for path, _, _ in system.called] == ["GET /orders/A-7"]
    assert system.called[0][2]["Authorization"] == "Bearer the token of the shop's system"
    (source,) = done(events).sources
    assert (source.title, source.text) == ("Look up an order", "order status: sent\norder delivery date: 3 May")
    assert "3 May [1]" in done(events).text
    assert "9 June" not in done(events).text


async def test_no_model_sees_a_token_or_what_is_personal_in_a_result(
    shop: Services, system: System, model: Server, request_: TurnRequest
) -> None:
    model.play(obeying("The name is [EMAIL_1] [1]."))
    system.order = {"name": "ada@example.org"}

    events = await ask(commanded(shop), replace(request_, text=STATUS))

    seen = str([request.body for request in model.requests])
    assert "ada@example.org" not in seen
    assert "token of the shop" not in seen
    assert "[EMAIL_1]" in seen
    assert "ada@example.org" in done(events).text
    assert "ada@example.org" in done(events).sources[0].text


async def test_the_system_gets_the_visitors_own_words(
    shop: Services, system: System, model: Server, request_: TurnRequest
) -> None:
    await ask(commanded(shop), replace(request_, text='CALL order_status {"number": " ada@example.org "}'))
    strange = replace(request_, text='CALL order_status {"number": "../a b?c#d"}', conversation_id=uuid4())
    await ask(commanded(shop), replace(strange, message_id=uuid4()))

    assert [path for path, _, _ in system.called] == [
        "GET /orders/%20ada%40example.org%20",
        "GET /orders/..%2Fa%20b%3Fc%23d",
    ]


async def test_an_answer_with_a_tool_is_not_kept_for_others(
    shop: Services, system: System, request_: TurnRequest
) -> None:
    asking = replace(request_, text=f"{QUESTION} {STATUS}")
    for _ in range(2):
        await ask(shop, replace(asking, conversation_id=uuid4(), message_id=uuid4()))

    assert len(system.called) == 2


@pytest.mark.parametrize("status", [404, 500])
async def test_a_tool_that_fails_costs_no_answer(
    shop: Services, system: System, model: Server, request_: TurnRequest, status: int
) -> None:
    system.status = status
    model.play(obeying("Refunds are paid within 14 days of your request [1]."))

    events = await ask(shop, replace(request_, text=f"{QUESTION} {STATUS}"))

    assert "within 14 days" in done(events).text
    results = [m["content"] for m in model.requests[-1].messages if m["role"] == "tool"]
    assert ("status 404" in results[0]) if status == 404 else ("no result" in results[0])


async def test_a_model_asks_for_what_a_call_needs(
    shop: Services, model: Server, system: System, request_: TurnRequest
) -> None:
    model.play(obeying("Which order is it about?"))

    events = await ask(commanded(shop), replace(request_, text='CALL order_status {"nr": "7"}'))

    assert system.called == []
    assert done(events).text == "Which order is it about?"
    assert "number: Field required" in str(model.requests[-1].messages[-1]["content"])


async def test_what_the_tools_do_not_answer_the_documents_do(
    shop: Services, model: Server, request_: TurnRequest
) -> None:
    model.play(answer("NOT_IN_SOURCES"), answer("Refunds are paid within 14 days of your request [1]."))

    events = await ask(commanded(shop), request_)

    assert "within 14 days" in done(events).text


async def test_a_server_that_knows_no_tools_answers_without(
    shop: Services, model: Server, request_: TurnRequest
) -> None:
    model.play(refuses_parameter("tools", answer("Refunds are paid within 14 days of your request [1].")))

    assert "within 14 days" in done(await ask(shop, request_)).text


async def test_a_model_that_calls_for_ever_is_ended(
    shop: Services, model: Server, system: System, request_: TurnRequest
) -> None:
    model.play(answer("", tool_calls=(("order_status", '{"number": "1"}'),), finish_reason="tool_calls"))

    await ask(shop, request_)

    assert len(system.called) == 4
    assert model.requests[-1].body["tool_choice"] == "none"
