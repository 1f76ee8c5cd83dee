"""Questions that lean on what was said before ("and how long does that take?")."""

import re
from collections.abc import Sequence

from graph.knowledge.words import content_words
from graph.state import Earlier

_LEANING = re.compile(
    r"^(and|but|so|then|also|what about|how about|why|why not|when|which one|what else)\b"
    r"|\b(it|its|that|this|they|them|those|these|there|he|she)\b",
    re.IGNORECASE,
)
FEW_WORDS = 4
"""A question with more content words of its own stands by itself."""


def search_text(question: str, history: Sequence[Earlier]) -> str:
    """The text to search for: the question, behind the visitor's last one when it leans on that."""
    last = next((earlier.text for earlier in reversed(history) if earlier.role == "visitor"), None)
    if last is None or len(content_words(question)) > FEW_WORDS or not _LEANING.search(question):
        return question
    return f"{last} {question}"
