"""What the chain of models adds to a call: beside the bare client and, where that is installed, LiteLLM's router."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import openai
from langchain_core.messages import HumanMessage

from app.wiring import Services
from evals.bench.figure import Figure, median
from evals.bench.instant import instant_route
from evals.bench.instant_server import instant_server
from graph.context import Limits, ModelRoute
from graph.errors import QuotaExhausted
from graph.models.chain import Delta, stream_answer
from graph.models.hosted import HostedChatModel

CALLS, WARM_UP = 200, 20
QUESTION = "How do refunds work?"
LIMITS = Limits(passages=6, answer_tokens=64, history_messages=0, turn_s=30, waits_s=0, min_similarity=0)
LITELLM = """
import asyncio, json, os, sys, time
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm, openai
litellm.suppress_debug_info = True
url, calls = sys.argv[1], int(sys.argv[2])
entry = {"model_name": "m", "litellm_params": {"model": "openai/m", "api_base": url, "api_key": "none"}}
router = litellm.Router(model_list=[entry], num_retries=0)
client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
messages = [{"role": "user", "content": "How do refunds work?"}]
async def read(create):
    began = time.perf_counter()
    async for _ in await create(model="m", messages=messages, stream=True):
        pass
    return (time.perf_counter() - began) * 1000
async def main():
    bare, routed = [], []
    for _ in range(calls):
        bare.append(await read(client.chat.completions.create))
        routed.append(await read(router.acompletion))
    print(json.dumps([bare, routed]))
asyncio.run(main())
"""
"""Run by an interpreter that has the package `litellm`: the same calls, in turns with its own bare client's."""


async def measure_chain(services: Services, litellm: Path | None) -> list[Figure]:
    """Call a server that answers at once, bare and through the chain, in turns.

    Args:
        litellm: Python interpreter that has the package; without it its router is not run.
    """
    async with instant_server() as url:
        bare, chained = await _calls(services, url)
        theirs = await _litellm(litellm, url) if litellm else None
    skipped = await _skipping(services)
    figures = [
        Figure(f"chain, added to a call of {CALLS}", median(_less(chained, bare)), "ms", 2),
        Figure("bare client, whole call", median(bare), "ms"),
        Figure("with the hosted route open-circuited, added to the first token", skipped, "ms", 5),
    ]
    if theirs:
        figures.append(Figure("LiteLLM's router, added to a call", median(_less(theirs[1], theirs[0])), "ms"))
    return figures


async def _calls(services: Services, url: str) -> tuple[list[float], list[float]]:
    client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    model = HostedChatModel(model="m", base_url=url)
    route = ModelRoute("bench", "hosted", model, first_token_s=5, between_tokens_s=5, trusted=True)
    bare, chained = [], []
    try:
        for _ in range(CALLS + WARM_UP):
            bare.append(await _bare(client))
            chained.append(await _first(services, (route,), whole=True))
    finally:
        await model.aclose()
        await client.close()
    return bare[WARM_UP:], chained[WARM_UP:]


async def _bare(client: openai.AsyncOpenAI) -> float:
    began = time.perf_counter()
    stream = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": QUESTION}], stream=True
    )
    async for _ in stream:
        pass
    return (time.perf_counter() - began) * 1000


async def _first(services: Services, routes: Sequence[ModelRoute], *, whole: bool = False) -> float:
    """Milliseconds to the first token, or to the end."""
    began = time.perf_counter()
    events = stream_answer(routes, [HumanMessage(QUESTION)], limits=LIMITS, breakers=services.breakers)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Delta) and not whole:
                break
    return (time.perf_counter() - began) * 1000


async def _skipping(services: Services) -> float:
    """Milliseconds that passing over a route adds to the first token of the next one."""
    listening = asyncio.create_task(services.listener.run())  # as a server does
    instant = instant_route()
    gone = replace(instant, name="bench-gone")
    await services.breakers.failed(gone.name, QuotaExhausted())
    alone, after = [], []
    try:
        for _ in range(CALLS + WARM_UP):
            alone.append(await _first(services, (instant,)))
            after.append(await _first(services, (gone, instant)))
    finally:
        await services.breakers.succeeded(gone.name)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    return median(_less(after[WARM_UP:], alone[WARM_UP:]))


async def _litellm(interpreter: Path, url: str) -> tuple[list[float], list[float]]:
    process = await asyncio.create_subprocess_exec(
        str(interpreter), "-c", LITELLM, url, str(CALLS + WARM_UP), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    bare, routed = json.loads(output.splitlines()[-1])
    return bare[WARM_UP:], routed[WARM_UP:]


def _less(more: Sequence[float], fewer: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(more, fewer, strict=True)]
