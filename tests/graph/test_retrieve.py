"""The passages that an answer is made from, with and without a second look at them."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from graph.context import FloatArray, TurnContext
from graph.nodes.retrieve import retrieve
from graph.state import Attached
from tests.graph.scripted import LIMITS, FixedInjection, FixedIntent, FixedKnowledge, WordEncoder, passage

FOUND = [replace(passage(f"Passage {number} {'long ' * number}"), chunk_id=number) for number in range(1, 10)]
QUESTION = "What is long?"


class Longest:
    """Likes long texts best."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def scores(self, question: str, texts: Sequence[str]) -> FloatArray:
        """Their lengths."""
        self.asked.append((question, len(texts)))
        return np.array([len(text) for text in texts], dtype=np.float32)


async def retrieved(ctx: TurnContext, **more: Any) -> list[int]:
    state = {"question": QUESTION, "history": [], "attached": [], "vector": ctx.encoder.encode([QUESTION])[0].tolist()}
    update = await retrieve(state | more, SimpleNamespace(context=ctx))  # type: ignore[arg-type]  # all that it reads
    return [each.chunk_id for each in update["passages"]]


def context(knowledge: FixedKnowledge, reranker: Longest | None) -> TurnContext:
    return TurnContext(
        assistant="Ada",
        subject="the shop",
        encoder=WordEncoder(),
        injection=FixedInjection(),
        intents=FixedIntent(),
        knowledge=knowledge,
        models=(),
        limits=replace(LIMITS, passages=3, reranked=8),
        reranker=reranker,
    )


async def test_without_a_reranker_the_search_decides() -> None:
    knowledge = FixedKnowledge(FOUND)

    assert await retrieved(context(knowledge, None)) == [1, 2, 3]
    assert knowledge.limits == [3]


async def test_a_reranker_reads_more_and_the_best_of_them_are_kept() -> None:
    knowledge, longest = FixedKnowledge(FOUND), Longest()

    assert await retrieved(context(knowledge, longest)) == [8, 7, 6]
    assert (knowledge.limits, longest.asked) == ([8], [(QUESTION, 8)])


async def test_a_reranker_reads_attached_files_too() -> None:
    attached = [Attached("note.txt", "What is long? " * 30)]

    assert 0 in await retrieved(context(FixedKnowledge(FOUND), Longest()), attached=attached)
