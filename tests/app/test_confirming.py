"""Tools that change something: at once at the visitor's own command, else at their word, once."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from app.db.calls import enter_call, take_call
from app.db.tables import Handover, Message, ToolCall
from app.stored_request import stored_request
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services
from graph.events import Source
from tests.app.shop_system import System, tools_of
from tests.app.tooled import REFUND, STATUS, asked_in, calls, commanded, done, with_tools, word_on
from tests.app.turning import QUESTION, ask, texts
from tests.doubles.obeying import obeying
from tests.doubles.openai_server import Server, answer, refusal

# What changes something


async def test_a_visitors_own_command_is_done_at_once(shop: Services, system: System, request_: TurnRequest) -> None:
    await ask(commanded(shop), replace(request_, text=REFUND))

    assert system.changes == [("POST /refunds", {"account": "DE89 3704 0044 0532 0130 00", "amount": 900})]
    (call,) = await calls(shop)
    assert (call.state, call.result) == ("done", "result: accepted")
    assert system.called[0][2]["Idempotency-Key"] == str(call.id)


async def test_a_call_is_done_once_at_the_visitors_word_and_exactly_as_shown(
    shop: Services, system: System, request_: TurnRequest
) -> None:
    # It reads passages of documents before it calls.
    first = await ask(shop, replace(request_, text=f"{QUESTION} {REFUND}"))

    asked = asked_in(first)
    assert system.called == []
    assert asked.title == "Pay money back"
    assert [(a.name, a.value, a.stems) for a in asked.arguments] == [
        ("account", "DE89 3704 0044 0532 0130 00", "visitor"),
        ("amount", "900", "visitor"),
    ]
    assert done(first).text.startswith("I can do this for you: Pay money back.")
    assert "- amount: `900`" in done(first).text

    word = word_on(request_, asked)
    second = await ask(shop, word)
    again = await ask(shop, replace(word, message_id=uuid4()))

    assert system.changes == [("POST /refunds", {"account": "DE89 3704 0044 0532 0130 00", "amount": 900})]
    assert done(second).text == "Done: Pay money back. [1]"
    assert done(second).sources[0].text == "result: accepted"
    assert done(again).text.startswith("There is nothing to decide here any more")


async def test_no_means_no(shop: Services, system: System, request_: TurnRequest) -> None:
    asked = asked_in(await ask(shop, replace(request_, text=f"{QUESTION} {REFUND}")))

    refused = await ask(shop, word_on(request_, asked, agreed=False))
    late = await ask(shop, word_on(request_, asked))

    assert done(refused).text == "All right, nothing was done."
    assert done(late).text.startswith("There is nothing to decide")
    assert system.called == []


@pytest.mark.parametrize("spoilt", ["digest", "expired", "conversation", "tool gone", "tool changed"])
async def test_a_word_on_anything_else_does_nothing(
    shop: Services, system: System, model: Server, request_: TurnRequest, spoilt: str
) -> None:
    asked = asked_in(await ask(shop, replace(request_, text=f"{QUESTION} {REFUND}")))
    word = word_on(request_, asked)
    assert word.decision
    tools = tools_of(system.url)
    match spoilt:
        case "digest":
            word = replace(word, decision=replace(word.decision, digest="0" * 64))
        case "expired":
            async with shop.sessions.begin() as session:
                await session.execute(update(ToolCall).values(expires_at=func.now() - timedelta(seconds=1)))
        case "conversation":
            word = replace(word, conversation_id=uuid4())
        case "tool gone":
            tools = tools[:1]
        case "tool changed":
            tools[1]["arguments"]["reason"] = {"description": "Why."}
    async with with_tools(shop, tools, model) as now:
        events = await ask(now, word)

    assert system.called == []
    assert "Done" not in done(events).text


async def test_of_two_words_at_once_one_is_taken(shop: Services, request_: TurnRequest) -> None:
    asked = asked_in(await ask(shop, replace(request_, text=f"{QUESTION} {REFUND}")))

    async def take() -> bool:
        async with shop.sessions.begin() as session:
            call = UUID(asked.call_id), asked.digest
            by = request_.message_id
            return await take_call(session, request_.conversation_id, *call, agreed=True, decided_by=by) is not None

    assert sorted(await asyncio.gather(*(take() for _ in range(4)))) == [False, False, False, True]


async def test_what_was_cut_off_in_the_middle_is_not_done_again(
    shop: Services, system: System, request_: TurnRequest
) -> None:
    asked = asked_in(await ask(shop, replace(request_, text=f"{QUESTION} {REFUND}")))
    word = word_on(request_, asked)
    # A process that dies over it: the message is stored, the call is taken, and nothing more is known.
    stream = run_turn(shop, word)
    async for _ in stream:
        break
    await stream.aclose()
    (call,) = await calls(shop)
    assert call.state == "running"

    again = await stored_request(shop, request_.user_id, word.message_id)
    assert again
    assert again.decision == word.decision
    async with shop.sessions() as session:
        open_answer = await session.scalar(select(Message.id).where(Message.reply_to == word.message_id))
    async with shop.sessions.begin() as session:
        await session.execute(
            update(Message).where(Message.id == open_answer).values(status="open", owner=str(shop.owner))
        )
    events = await ask(shop, replace(again, answer_id=open_answer))

    assert system.called == []
    assert done(events).text.startswith("I was interrupted while doing this: Pay money back.")


async def test_a_command_that_was_cut_off_in_the_middle_is_not_done_again(
    shop: Services, system: System, request_: TurnRequest
) -> None:
    command = replace(request_, text=REFUND)
    await ask(commanded(shop), command)
    async with shop.sessions() as session:
        answer_id = await session.scalar(select(Message.id).where(Message.reply_to == command.message_id))
    async with shop.sessions.begin() as session:
        await session.execute(
            update(Message).where(Message.id == answer_id).values(status="open", owner=str(shop.owner))
        )

    await ask(commanded(shop), replace(command, answer_id=answer_id))

    assert len(system.changes) == 1


@pytest.mark.parametrize("anew", [False, True], ids=["the same message again", "in another message"])
async def test_what_was_done_is_done_again_only_at_the_visitors_word(
    shop: Services, system: System, request_: TurnRequest, anew: bool
) -> None:
    command = replace(request_, text=f"Please do this refund for me now. {REFUND}")
    await ask(commanded(shop), command)
    events = await ask(commanded(shop), replace(command, message_id=uuid4()) if anew else command)

    assert len(system.changes) == 1
    assert "The very same was tried before in this conversation" in done(events).text
    assert [call.state for call in await calls(shop)] == ["done", "waiting"]

    await ask(shop, word_on(request_, asked_in(events)))

    assert len(system.changes) == 2


async def test_a_call_that_a_model_makes_twice_is_made_once(
    shop: Services, system: System, model: Server, request_: TurnRequest
) -> None:
    order = {"account": "DE1", "amount": 5}
    call = "refund", json.dumps(order)
    model.play(
        answer("", tool_calls=(call, call), finish_reason="tool_calls"),
        answer("", tool_calls=(call,), finish_reason="tool_calls"),
        answer("It is on its way [1]."),
    )

    events = await ask(commanded(shop), replace(request_, text="Please pay 5 back to DE1."))

    assert system.changes == [("POST /refunds", order)]
    assert done(events).asked is None


async def test_what_was_done_is_told_before_something_else_is_asked(
    shop: Services, system: System, request_: TurnRequest
) -> None:
    system.order = {"note": REFUND.replace("900", "901")}

    events = await ask(
        commanded(shop), replace(request_, text=f"Please look at this and do this refund for me. {STATUS} {REFUND}")
    )

    assert [body["amount"] for _, body in system.changes] == [900]
    assert done(events).text.startswith("Done: Pay money back.\n\nI can do this for you: Pay money back.")
    assert asked_in(events).arguments[1].value == "901"


async def test_the_next_model_knows_what_was_done_at_the_visitors_word(
    shop: Services, model: Server, request_: TurnRequest
) -> None:
    asked = asked_in(await ask(shop, replace(request_, text=f"{QUESTION} {REFUND}")))
    word = word_on(request_, asked)
    await ask(shop, word)
    await ask(shop, replace(request_, message_id=uuid4(), text="What have you done?"))

    read = str(model.requests[-1].messages)
    assert "Done: Pay money back." in read
    assert word.text not in read  # nothing has screened it


async def test_what_was_done_is_told_even_when_the_model_fails_then(
    shop: Services, system: System, model: Server, request_: TurnRequest
) -> None:
    model.play(obeying(), refusal(500, "server_error"))

    events = await ask(commanded(shop), replace(request_, text=f"Please do this refund for me now. {REFUND}"))

    assert done(events).text == "Done: Pay money back."
    assert len(system.changes) == 1


async def test_a_decision_is_not_taken_for_a_message_that_was_blocked(
    shop: Services, system: System, request_: TurnRequest
) -> None:
    asked = asked_in(await ask(shop, replace(request_, text=f"{QUESTION} {REFUND}")))

    assert done(await ask(shop, word_on(request_, asked))).intent == "decided"
    assert [call.state for call in await calls(shop)] == ["done"]


async def test_a_call_under_way_is_not_said_to_be_nothing(
    shop: Services, system: System, request_: TurnRequest
) -> None:
    word = word_on(request_, asked_in(await ask(shop, replace(request_, text=f"{QUESTION} {REFUND}"))))
    async with shop.sessions.begin() as session:
        await session.execute(update(ToolCall).values(state="running"))

    told = done(await ask(shop, word))

    assert told.text.startswith("I was interrupted while doing this: Pay money back.")
    assert system.called == []


async def test_a_message_for_staff_is_left_where_they_look(
    services: Services, model: Server, request_: TurnRequest
) -> None:
    async with with_tools(services, [{"name": "leave_message"}], model) as shop:
        leave = 'CALL leave_message {"message": "Call me at ada@example.org please"}'
        await ask(commanded(shop), replace(request_, text=leave))

        async with shop.sessions() as session:
            assert await texts(session, select(Handover), "note") == ["Call me at [EMAIL_1] please"]


async def test_a_model_may_search_again(services: Services, model: Server, request_: TurnRequest) -> None:
    model.play(obeying("Refunds are paid within 14 days of your request [1]."))
    async with with_tools(services, [{"name": "search_documents"}], model) as shop:
        events = await ask(
            commanded(shop), replace(request_, text='CALL search_documents {"query": "When are refunds paid?"}')
        )

    assert "within 14 days" in done(events).text
    assert any(isinstance(event, Source) and event.document.endswith("refunds.md") for event in events)


async def test_what_waits_is_kept_with_pseudonyms_and_sealed(shop: Services, request_: TurnRequest) -> None:
    refund = 'CALL refund {"account": "to ada@example.org now", "amount": 5}'
    events = await ask(shop, replace(request_, text=f"{QUESTION} {refund}"))

    assert asked_in(events).arguments[0].value == "to ada@example.org now"
    assert "- account: `to ada@example.org now`" in done(events).text
    (call,) = await calls(shop)
    assert "[EMAIL_1]" in call.arguments
    assert b"EMAIL" not in call.sealed_arguments


async def test_a_call_is_entered_once_for_an_answer(services: Services, request_: TurnRequest) -> None:
    await ask(services, request_)
    async with services.sessions() as session:
        answer_id = await session.scalar(select(Message.id).where(Message.reply_to == request_.message_id))
    assert answer_id
    entered = []
    for _ in range(2):
        async with services.sessions.begin() as session:
            entered.append(
                await enter_call(
                    session,
                    site_id=request_.site_id,
                    conversation_id=request_.conversation_id,
                    answer_id=answer_id,
                    tool="refund",
                    arguments=[("amount", 5, "visitor")],
                    state="running",
                )
            )

    assert [found is not None for found in entered] == [True, False]
