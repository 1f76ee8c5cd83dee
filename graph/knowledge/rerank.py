"""The second stage of a search: the best passages, read again with the question."""

from collections.abc import Sequence
from dataclasses import replace

from graph.context import Passage, Reranker
from graph.knowledge.plain import plain_text


def reranked(reranker: Reranker, question: str, passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages in the reranker's order, which gives them their scores. Blocks: call it in a thread."""
    if len(passages) < 2:
        return list(passages)
    scores = reranker.scores(question, [_as_read(passage) for passage in passages])
    judged = [replace(passage, score=float(score)) for passage, score in zip(passages, scores, strict=True)]
    return sorted(judged, key=lambda passage: -passage.score)


def _as_read(passage: Passage) -> str:
    return "\n".join(part for part in (passage.title, passage.heading, plain_text(passage.text)) if part)
