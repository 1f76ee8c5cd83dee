"""Screen: is this message an attack? The one pass of the encoder happens here."""

import asyncio

import numpy as np
from langgraph.runtime import Runtime

from graph.context import FloatArray, InjectionFinding, TurnContext
from graph.state import TurnState


async def screen(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Encode the message and judge it, and what is attached to it, as an injected instruction."""
    ctx = runtime.context
    texts = [state["question"], *(file.text for file in state.get("attached", []))]
    vectors, findings = await asyncio.to_thread(_judge, ctx, texts)
    return {"vector": vectors[0].tolist(), "injection": max(findings, key=lambda finding: finding.score)}


def _judge(ctx: TurnContext, texts: list[str]) -> tuple[FloatArray, list[InjectionFinding]]:
    vectors = ctx.encoder.encode(texts)
    return vectors, [ctx.injection.judge(text, vector) for text, vector in zip(texts, vectors, strict=True)]


def vector_of(state: TurnState) -> FloatArray:
    """The question's unit vector, of shape `(dimensions,)`."""
    return np.asarray(state["vector"], dtype=np.float32)
