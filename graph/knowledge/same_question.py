"""Whether two questions have the same answer."""

from graph.knowledge.apart import apart

LEAST_SIMILARITY = 0.8
"""Cosine of two questions' sentence vectors. Set by false hits: beside the exact comparisons, eight of 1,244 pairs of
one subject and different intent were taken for the same at it, and fifteen at 0.78."""


def same_question(asked: str, kept: str, similarity: float) -> bool:
    """Whether the answer to a question that was asked before answers this one, too.

    Args:
        similarity: cosine of the questions' sentence vectors.
    """
    return similarity >= LEAST_SIMILARITY and not apart(asked, kept)
