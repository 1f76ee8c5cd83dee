"""Whether the passages can answer a question at all."""

from collections.abc import Sequence

from graph.context import Passage
from graph.guards.language import language_of
from graph.knowledge.claims import names

CAPABLE_MARGIN = 0.15
"""A capable model is asked even about passages that lie this much further away: it can tell by reading."""
STRANGE_NAME = 0.1
"""Passages without a name of the question must lie this much nearer: "connect it to Salesforce" is near to every
page about connecting. Not more, as "we moved from Spain to Portugal" is answered by a page that names neither."""


def answerable(passages: Sequence[Passage], *, question: str, min_similarity: float, capable: bool) -> bool:
    """Whether the best passage is near enough to the question.

    The cosine of the best passage alone separates questions that the documents answer from others as well as a fitted
    combination with word overlap and the gap to the next passages did (area under the curve .93 against .94).

    Args:
        passages: what the search found.
        question: whose names are looked for in the passages.
        min_similarity: cosine that a passage must reach to be quoted.
        capable: whether a capable model will read the passages.
    """
    best = max((passage.similarity for passage in passages), default=-1.0)
    if capable:
        return best >= min_similarity - CAPABLE_MARGIN
    seen = " ".join(f"{passage.title} {passage.heading} {passage.text}" for passage in passages).lower()
    strange = language_of(question) != "de" and any(name.removesuffix("s") not in seen for name in names(question))
    return best >= min_similarity + (STRANGE_NAME if strange else 0.0)  # every German noun has a capital
