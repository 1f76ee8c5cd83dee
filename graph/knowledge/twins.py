"""Passages that say the same: a page and its copy, a text that two pages share."""

from collections.abc import Iterable

from graph.context import Passage
from graph.knowledge.words import content_words

SHINGLE_WORDS = 3
SAME_SHARE = 0.85
"""Of the shorter passage's shingles, the share that a better passage has too before it is left out."""
FEW_SHINGLES = 4
"""A passage with fewer says too little to be compared by shingles; it is a twin only when every word is the same."""


def without_twins(passages: Iterable[Passage], *, most: int) -> list[Passage]:
    """Return the first passages without those that say nothing which a better one does not, in the same order.

    Passages are compared by the runs of three content words that they have (Broder, "On the resemblance and
    containment of documents", 1997). Figures are words here: two price lists that differ in the prices stay both.
    """
    kept: list[tuple[Passage, frozenset[tuple[str, ...]]]] = []
    for passage in passages:
        shingles = _shingles(passage)
        if not any(_held(shingles, other) for _, other in kept):
            kept.append((passage, shingles))
            if len(kept) == most:
                break
    return [passage for passage, _ in kept]


def _shingles(passage: Passage) -> frozenset[tuple[str, ...]]:
    words = content_words(passage.text)
    if len(words) < SHINGLE_WORDS + FEW_SHINGLES:
        return frozenset([tuple(words)])
    return frozenset(zip(*(words[start:] for start in range(SHINGLE_WORDS)), strict=False))


def _held(shingles: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    return len(shingles & other) >= SAME_SHARE * len(shingles) and _figures(shingles) <= _figures(other)


def _figures(shingles: frozenset[tuple[str, ...]]) -> set[str]:
    return {word for shingle in shingles for word in shingle if any(char.isdigit() for char in word)}
