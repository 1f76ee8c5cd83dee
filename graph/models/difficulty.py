"""Which of the capable models is asked first: the small one for easy questions, the large one for the rest."""

from collections.abc import Sequence

from graph.context import ModelRoute, Passage

EASY = 0.6
"""Cosine between question and best passage from which the passage alone nearly always answers. Of the 52 answerable
Plausible questions (development half) 12 reach it: quoting holds the needed facts of 8 in 9 of them, of 18 in 22 of the
rest, and no unanswerable question comes near."""
LONGEST_WORDS = 30
"""A longer question asks more than one thing."""


def in_order(routes: Sequence[ModelRoute], question: str, passages: Sequence[Passage]) -> tuple[list[ModelRoute], str]:
    """The routes in the order in which to ask them, and half a line for the trace that says why.

    Without both a small and a large route nothing is chosen, and nothing said.
    """
    small = [route for route in routes if route.small]
    large = [route for route in routes if not route.small]
    if not small or not large:
        return list(routes), ""
    nearest = max((passage.similarity for passage in passages), default=-1.0)
    words = len(question.split())
    if nearest >= EASY and words <= LONGEST_WORDS:
        return small + large, f"easy, the nearest passage at {nearest:.2f}: {small[0].name} first"
    why = f"{words} words" if nearest >= EASY else f"the nearest passage at {nearest:.2f}"
    return large + small, f"not easy, {why}: {large[0].name} first"
