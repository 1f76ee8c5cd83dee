"""Screen: is this message an attack? The one pass of the encoder happens here."""

import asyncio

import numpy as np
from langgraph.runtime import Runtime

from graph.context import FloatArray, InjectionFinding, TurnContext
from graph.state import TurnState


async def screen(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Encode the message and judge it as an injected instruction.

    Earlier messages that nobody has judged yet are judged, too, and left out where they are attacks. What is attached
    is judged where it is read, as documents are.
    """
    ctx = runtime.context
    history = state.get("history", [])
    given = [said for said in history if not said.judged]
    vectors, findings = await asyncio.to_thread(_judge, ctx, [state["question"], *(said.text for said in given)])
    attacks = {id(said) for said, finding in zip(given, findings[1:], strict=True) if finding.blocked}
    return {
        "vector": vectors[0].tolist(),
        "injection": findings[0],
        "history": [said for said in history if id(said) not in attacks],
    }


def _judge(ctx: TurnContext, texts: list[str]) -> tuple[FloatArray, list[InjectionFinding]]:
    vectors = ctx.encoder.encode(texts)
    return vectors, [ctx.injection.judge(text, vector) for text, vector in zip(texts, vectors, strict=True)]


def vector_of(state: TurnState) -> FloatArray:
    """The question's unit vector, of shape `(dimensions,)`."""
    return np.asarray(state["vector"], dtype=np.float32)
