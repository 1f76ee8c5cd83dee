"""Answer: the ladder. A capable model, then a small one, then the documents themselves; here a fallback is decided."""

import asyncio

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import Token, Usage
from graph.knowledge.answerable import answerable
from graph.knowledge.quote import choose, in_order, quotable, rendered
from graph.nodes.screen import vector_of
from graph.rungs.phrase import Phrased, phrase
from graph.rungs.repeat import Led, repeat
from graph.state import Draft, TurnState


async def answer(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Draft an answer on the highest rung that holds."""
    ctx = runtime.context
    passages = state["passages"]
    failed: tuple[Usage, ...] = ()
    capable = any(route.trusted for route in ctx.models)
    if capable and (
        ctx.tools.offers  # which may know what the documents do not
        or answerable(passages, question=state["question"], min_similarity=ctx.limits.min_similarity, capable=True)
    ):
        outcome = await phrase(state, runtime, passages)
        if isinstance(outcome, Phrased):
            return {"draft": outcome.draft, "passages": outcome.passages}
        failed = outcome
    near = answerable(
        quotable(passages), question=state["question"], min_similarity=ctx.limits.min_similarity, capable=False
    )
    picks = await asyncio.to_thread(choose, vector_of(state), passages, ctx.encoder) if near else []
    if not picks:
        return {"draft": Draft(text="", answered_by="parley", rung="fixed", unknown=True, usage=failed)}
    led = await repeat(state, runtime, picks)
    if isinstance(led, Led):
        picks, answered_by, rung, usage = led.picks, led.answered_by, led.rung, failed + led.usage
    else:
        answered_by, rung, usage = "documents", "quote", failed + led
    picks, passages = in_order(picks, passages)
    text = rendered(picks)
    runtime.stream_writer(Token(text))
    return {"draft": Draft(text, answered_by, rung, verbatim=True, usage=usage), "passages": passages}
