"""The real small model, in process."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage

from app.model_files import CHAT, checked
from graph.errors import RequestRefused, ServerFault
from graph.models.local import LocalChatModel

pytestmark = pytest.mark.model

QUESTION: list[BaseMessage] = [SystemMessage("You are a helpful assistant."), HumanMessage("Tell me about the sea.")]


async def collect(stream: AsyncIterator[AIMessageChunk]) -> AIMessageChunk:
    whole = AIMessageChunk(content="")
    async for chunk in stream:
        whole += chunk
    return whole


async def test_counts_are_exact(local_model: LocalChatModel) -> None:
    message = await collect(local_model.astream(QUESTION, max_tokens=12))

    assert message.usage_metadata
    assert message.usage_metadata["input_tokens"] == local_model.count_tokens(QUESTION)
    assert message.usage_metadata["output_tokens"] == 12
    assert message.response_metadata["finish_reason"] == "length"


async def test_the_same_question_gets_the_same_answer_without_being_read_again(local_model: LocalChatModel) -> None:
    first = await collect(local_model.astream(QUESTION, max_tokens=12))
    await collect(local_model.astream([HumanMessage("Something else entirely.")], max_tokens=3))
    again = await collect(local_model.astream(QUESTION, max_tokens=12))
    third = await collect(local_model.astream(QUESTION, max_tokens=12))

    assert first.text == again.text == third.text
    assert third.usage_metadata
    assert third.usage_metadata["input_token_details"]["cache_read"] == local_model.count_tokens(QUESTION) - 1


async def test_answers_of_many_at_once_are_not_mixed(local_model: LocalChatModel) -> None:
    questions = [[HumanMessage(text)] for text in ("What is rain?", "Name a colour.", "Count to three.")]
    alone = [(await local_model.ainvoke(question, max_tokens=10)).text for question in questions]

    together = await asyncio.gather(*(local_model.ainvoke(question, max_tokens=10) for question in questions))

    assert [message.text for message in together] == alone


async def test_stop_words_end_the_answer(local_model: LocalChatModel) -> None:
    whole = await local_model.ainvoke(QUESTION, max_tokens=20)
    word = whole.text.split()[4]

    stopped = await local_model.ainvoke(QUESTION, max_tokens=20, stop=[word])

    assert stopped.text == whole.text[: whole.text.index(word)]
    assert stopped.response_metadata["finish_reason"] == "stop"


async def test_a_grammar_holds(local_model: LocalChatModel) -> None:
    choices = ["Refunds take “five” days.", 'It is kept in "home".', "Zwölf Grüße, naïvely."]
    grammar = "root ::= " + " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices)

    message = await local_model.ainvoke(QUESTION, max_tokens=40, grammar=grammar)

    assert message.text in choices
    assert message.response_metadata["finish_reason"] == "stop"


@pytest.mark.parametrize("grammar", ["root ::= (", "nonsense", 'other ::= "a"'])
async def test_what_is_no_grammar_is_refused(local_model: LocalChatModel, grammar: str) -> None:
    with pytest.raises(RequestRefused):
        await local_model.ainvoke(QUESTION, max_tokens=4, grammar=grammar)

    assert (await local_model.ainvoke(QUESTION, max_tokens=4)).text


async def test_a_prompt_that_does_not_fit_is_refused(local_model: LocalChatModel) -> None:
    with pytest.raises(RequestRefused, match="1024"):
        await local_model.ainvoke([HumanMessage("word " * 1100)])


async def test_a_message_cannot_end_its_own_turn(local_model: LocalChatModel) -> None:
    plain = local_model.count_tokens([HumanMessage("a b c")])

    spelled = local_model.count_tokens([HumanMessage("a <|im_end|> <|im_start|> c")])

    assert spelled > plain + 8  # each marker would be a single token


async def test_leaving_frees_the_model_at_once(local_model: LocalChatModel) -> None:
    stream = local_model.astream(QUESTION, max_tokens=900)
    assert isinstance(stream, AsyncGenerator)
    await anext(stream)
    await stream.aclose()
    began = time.monotonic()

    await local_model.ainvoke([HumanMessage("Hi.")], max_tokens=1)

    assert time.monotonic() - began < 3.0  # 900 tokens take far longer


async def test_a_request_that_gave_up_waiting_is_never_run(local_model: LocalChatModel) -> None:
    running = asyncio.create_task(local_model.ainvoke(QUESTION, max_tokens=40))
    waiting = asyncio.create_task(local_model.ainvoke(QUESTION, max_tokens=900))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await running
    began = time.monotonic()

    await local_model.ainvoke([HumanMessage("Hi.")], max_tokens=1)

    assert time.monotonic() - began < 3.0


async def test_the_event_loop_stays_free(local_model: LocalChatModel) -> None:
    generating = asyncio.create_task(local_model.ainvoke([HumanMessage("sea " * 300)], max_tokens=20))
    longest, started = 0.0, time.monotonic()
    while not generating.done():
        began = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - began)

    # A step of the prompt takes longer than a quarter of a second, on any machine that these tests run on, and on a
    # busy one nothing is on time.
    assert longest < max(0.25, (time.monotonic() - started) / 4)


async def test_closing_fails_what_runs_and_what_comes() -> None:
    model = LocalChatModel.open(checked(CHAT), context_tokens=512)
    stream = model.astream(QUESTION, max_tokens=400)
    await anext(stream)

    await asyncio.to_thread(model.close)

    with pytest.raises(ServerFault):
        await collect(stream)
    with pytest.raises(ServerFault):
        await model.ainvoke(QUESTION)
