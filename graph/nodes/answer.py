"""Answer: the ladder. A capable model, then a small one, then the documents themselves; here a fallback is decided."""

import asyncio

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import Token
from graph.knowledge.answerable import answerable
from graph.knowledge.quote import choose, rendered
from graph.nodes.screen import vector_of
from graph.rungs.phrase import phrase
from graph.rungs.repeat import repeat
from graph.state import Attempt, Draft, TurnState


async def answer(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Draft an answer on the highest rung that holds."""
    ctx = runtime.context
    passages = state["passages"]
    attempts: tuple[Attempt, ...] = ()
    capable = any(route.trusted for route in ctx.models)
    if capable and answerable(passages, min_similarity=ctx.limits.min_similarity, capable=True):
        outcome = await phrase(state, runtime)
        if isinstance(outcome, Draft):
            return {"draft": outcome}
        attempts = outcome
    near = answerable(passages, min_similarity=ctx.limits.min_similarity, capable=False)
    picks = await asyncio.to_thread(choose, vector_of(state), passages, ctx.encoder) if near else []
    if not picks:
        return {"draft": Draft(text="", answered_by="parley", rung="fixed", unknown=True, attempts=attempts)}
    outcome = await repeat(state, runtime, picks)
    if isinstance(outcome, Draft):
        return {"draft": _after(attempts, outcome)}
    text = rendered(picks)
    runtime.stream_writer(Token(text))
    return {
        "draft": Draft(text=text, answered_by="documents", rung="quote", verbatim=True, attempts=attempts + outcome)
    }


def _after(attempts: tuple[Attempt, ...], draft: Draft) -> Draft:
    return Draft(
        text=draft.text,
        answered_by=draft.answered_by,
        rung=draft.rung,
        verbatim=draft.verbatim,
        attempts=attempts + draft.attempts,
        usage=draft.usage,
    )
