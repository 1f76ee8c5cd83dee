"""The engine's thread: its line is bounded, and a failure in it leaves nobody waiting."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from langchain_core.messages import HumanMessage

from app.model_files import CHAT, checked
from graph.errors import Busy, ModelFault, ServerFault
from graph.models.local.engine import Engine
from graph.models.local.load import load
from graph.models.local.request import Finished
from graph.models.local.sampling import Sampling
from graph.models.local.template import Template

pytestmark = pytest.mark.model

ENDLESS = Sampling(max_tokens=400, repeat_penalty=1.0, grammar='root ::= "word " root')
SHORT = Sampling(max_tokens=2)


@pytest.fixture
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """Two slots, and room for two that wait, or as many as the parameter says."""
    loaded = await asyncio.to_thread(load, checked(CHAT), context_tokens=512, slots=2)
    engine = Engine(loaded, waiting=getattr(request, "param", 2))
    yield engine
    await asyncio.to_thread(engine.close)


def ask(engine: Engine, sampling: Sampling) -> AsyncGenerator[str | Finished]:
    return engine.generate(Template(engine.loaded.vocabulary).tokens([HumanMessage("Hi.")]), sampling)


async def answer(engine: Engine, sampling: Sampling) -> Finished:
    async for piece in ask(engine, sampling):
        if isinstance(piece, Finished):
            return piece
    raise AssertionError("a stream ends with its end")


async def settled(engine: Engine, *, running: int, most_s: float = 30) -> None:
    """Wait until that many requests run and none waits."""
    async with asyncio.timeout(most_s):
        while (engine.scheduler.running, engine.scheduler.open) != (running, running):  # noqa: ASYNC110 - a thread's
            await asyncio.sleep(0.005)


async def test_a_full_line_refuses_and_takes_again_when_it_is_shorter(engine: Engine) -> None:
    streams = [asyncio.create_task(answer(engine, ENDLESS)) for _ in range(4)]
    await asyncio.sleep(0)

    with pytest.raises(Busy) as refusal:
        await answer(engine, SHORT)
    assert refusal.value.label == "busy"

    for stream in streams:
        stream.cancel()
    await settled(engine, running=0)
    assert await answer(engine, SHORT)


@pytest.mark.parametrize("engine", [0], indirect=True)
async def test_one_that_ended_makes_room_before_its_end_is_heard(engine: Engine) -> None:
    other = ask(engine, ENDLESS)
    await anext(other)

    for _ in range(5):
        await answer(engine, SHORT)  # each takes the only place that is left
    await other.aclose()


async def test_leaving_a_stream_frees_its_slot(engine: Engine) -> None:
    streams = [ask(engine, ENDLESS) for _ in range(2)]
    for stream in streams:
        await anext(stream)
    steps = engine.scheduler.steps
    await streams[0].aclose()
    await settled(engine, running=1)

    assert engine.scheduler.steps - steps <= 2  # the one under way, and the one that saw it
    await streams[1].aclose()


async def test_a_failure_in_a_step_fails_all_that_is_there_and_no_more(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [asyncio.create_task(answer(engine, ENDLESS)) for _ in range(4)]
    await asyncio.sleep(0.2)
    with monkeypatch.context() as patch:
        patch.setattr(engine.loaded.context, "decode", _explode)
        ended = await asyncio.gather(*requests, return_exceptions=True)

    assert [type(end) for end in ended] == [ServerFault] * 4
    assert (await answer(engine, SHORT)).output_tokens == 2


async def test_a_thread_that_dies_fails_all_that_is_there_and_all_that_comes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [asyncio.create_task(answer(engine, ENDLESS)) for _ in range(4)]
    await asyncio.sleep(0.2)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    monkeypatch.setattr(engine.scheduler, "step", _end_the_thread)
    async with asyncio.timeout(30):
        ended = await asyncio.gather(*requests, return_exceptions=True)

    assert all(isinstance(end, ModelFault) for end in ended)
    with pytest.raises(ServerFault, match="start Parley again"):
        await answer(engine, SHORT)


async def test_the_prompt_and_the_end_of_an_answer_are_counted(engine: Engine) -> None:
    prompt = Template(engine.loaded.vocabulary).tokens([HumanMessage("Hi.")])
    first = await answer(engine, SHORT)
    second = await answer(engine, SHORT)

    assert (first.input_tokens, first.reused_tokens) == (len(prompt), 0)
    assert (second.input_tokens, second.reused_tokens) == (len(prompt), len(prompt) - 1)


def _explode(*_: object, **__: object) -> int:
    raise RuntimeError("the context is broken")


def _end_the_thread() -> None:
    raise SystemExit
