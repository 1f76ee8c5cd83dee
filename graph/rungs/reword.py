"""A question that leans on the conversation, made to stand alone: by a model, or by rules where none can in time."""

from contextlib import aclosing
from dataclasses import replace

from graph.context import Breakers, TurnContext
from graph.errors import ModelFault, TooSlow
from graph.events import ANSWERED, REWORDED, Usage
from graph.knowledge.followup import may_lean, search_text, stands_for
from graph.models.chain import Answered, NoModelAnswered, stream_answer
from graph.prompts import standing_alone
from graph.state import TurnState

REWORD_S = 3.0
"""What it may take together; then the rules serve."""
REWORD_TOKENS = 120


class _Hurried:
    """Breakers that do not hold it against a route that it did not answer within so short a time."""

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers

    async def why_not(self, route: str, *, asking: bool = True) -> str | None:
        return await self._breakers.why_not(route, asking=asking)

    async def failed(self, route: str, fault: ModelFault) -> None:
        if not isinstance(fault, TooSlow):
            await self._breakers.failed(route, fault)

    async def succeeded(self, route: str) -> None:
        await self._breakers.succeeded(route)


async def searched_for(state: TurnState, ctx: TurnContext) -> str:
    """The text to search for."""
    question, history = state["question"], state.get("history", [])
    if ctx.small_jobs and may_lean(question, history):
        reworded = await _reworded(state, ctx)
        if stands_for(reworded, question, history):
            return reworded
    return search_text(question, history)


async def _reworded(state: TurnState, ctx: TurnContext) -> str:
    """The model's wording; empty if none came."""

    def note(usage: Usage) -> None:
        ctx.tries.append(replace(usage, outcome=REWORDED) if usage.outcome == ANSWERED else usage)

    asking = stream_answer(
        ctx.small_jobs,
        standing_alone(state["question"], state.get("history", [])),
        limits=replace(ctx.limits, answer_tokens=REWORD_TOKENS, turn_s=REWORD_S, waits_s=0),
        breakers=_Hurried(ctx.breakers),
        personal=ctx.personal,
        note=note,
    )
    try:
        async with aclosing(asking) as events:
            async for event in events:
                if isinstance(event, Answered):
                    return event.text.strip()
    except NoModelAnswered:
        pass
    return ""
