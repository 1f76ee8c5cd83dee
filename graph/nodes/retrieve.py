"""Retrieve: the passages that may answer."""

import asyncio

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.knowledge.attached import attached_passages
from graph.nodes.screen import vector_of
from graph.rungs.reword import searched_for
from graph.state import TurnState


async def retrieve(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Fetch the passages that may answer the question, best first."""
    ctx = runtime.context
    text = await searched_for(state, ctx)
    vector = vector_of(state)
    if text != state["question"]:
        vector = (await asyncio.to_thread(ctx.encoder.encode, [text]))[0]
    passages = await ctx.knowledge.search(text, vector, limit=ctx.limits.passages)
    files = state.get("attached", [])
    if files:
        own = await asyncio.to_thread(attached_passages, files, vector, ctx.encoder)
        passages = sorted([*own, *passages], key=lambda passage: -passage.similarity)[: ctx.limits.passages]
    return {"passages": passages, "vector": vector.tolist()}
