"""Retrieve: the passages that may answer."""

import asyncio

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.knowledge.attached import attached_passages
from graph.knowledge.rerank import reranked
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
    wanted = ctx.limits.passages
    looked_at = max(wanted, ctx.limits.reranked) if ctx.reranker else wanted
    passages = await ctx.knowledge.search(text, vector, limit=looked_at)
    files = state.get("attached", [])
    if files:
        own = await asyncio.to_thread(attached_passages, files, vector, ctx.encoder, ctx.marks, ctx.name_marks)
        passages = sorted([*own, *passages], key=lambda passage: -passage.similarity)[:looked_at]
    if ctx.reranker:
        passages = await asyncio.to_thread(reranked, ctx.reranker, text, passages)
    return {"passages": passages[:wanted], "vector": vector.tolist()}
