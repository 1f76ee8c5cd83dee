"""Retrieve: the passages that may answer."""

import asyncio

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.knowledge.attached import attached_passages
from graph.knowledge.followup import search_text
from graph.nodes.screen import vector_of
from graph.state import TurnState


async def retrieve(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Fetch the passages that may answer the question, best first."""
    ctx = runtime.context
    text = search_text(state["question"], state.get("history", []))
    vector = vector_of(state)
    if text != state["question"]:
        vector = (await asyncio.to_thread(ctx.encoder.encode, [text]))[0]
    passages = await ctx.knowledge.search(text, vector, limit=ctx.limits.passages)
    files = state.get("attached", [])
    if files:
        own = await asyncio.to_thread(attached_passages, files, vector, ctx.encoder)
        passages = sorted([*own, *passages], key=lambda passage: -passage.similarity)[: ctx.limits.passages]
    return {"passages": passages, "vector": vector.tolist()}
