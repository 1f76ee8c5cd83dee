"""Questions that lean on what was said before ("and how long does that take?")."""

import re
from collections.abc import Sequence

from graph.knowledge.words import content_words, figures
from graph.state import Earlier

_BEGINS = re.compile(
    r"^(and|but|so|then|also|what about|how about|which one|what else|why\??$|why not)\b", re.IGNORECASE
)
_THESE = re.compile(r"\b(that|this|they|them|those|these)\b", re.IGNORECASE)
_IT = re.compile(r"\bit\b", re.IGNORECASE)
_SAY_LITTLE = frozenset(
    content_words("take takes long much many cost costs work happen happens mean long often soon done")
)
"""Words that ask about something without naming it: "how long does it take"."""
FEW_WORDS = 4
"""A question with more content words of its own stands by itself."""
MOST_ADDED_CHARS = 200
_POINTS = re.compile(
    r"\b(it|its|that|this|they|them|their|those|these|there|ones?|same|he|him|she|her)\b", re.IGNORECASE
)


def may_lean(question: str, history: Sequence[Earlier]) -> bool:
    """Whether a question may lean on what was said, so that it is worth a model's time to make it stand alone."""
    if not any(earlier.role == "visitor" for earlier in history):
        return False
    own = [word for word in content_words(question) if word not in _SAY_LITTLE]
    return len(own) <= FEW_WORDS or _POINTS.search(question) is not None


def stands_for(reworded: str, question: str, history: Sequence[Earlier]) -> bool:
    """Whether a model's wording may be searched for in place of the question.

    It keeps all that the question names, its figures to the letter, and names nothing that was not said: a model that
    answers, obeys or invents is not followed.
    """
    if not reworded or "\n" in reworded or len(reworded) > len(question) + MOST_ADDED_CHARS:
        return False
    words, own = set(content_words(reworded)), set(content_words(question))
    said = own.union(*(content_words(earlier.text) for earlier in history))
    named = {word for word in own if word not in _SAY_LITTLE}
    return named <= words <= said and figures(question) <= figures(reworded)


def search_text(question: str, history: Sequence[Earlier]) -> str:
    """The text to search for: the question, behind the visitor's last one when it leans on that."""
    last = next((earlier.text for earlier in reversed(history) if earlier.role == "visitor"), None)
    return f"{last} {question}" if last is not None and _leans(question) else question


def _leans(question: str) -> bool:
    """Whether a question names too little to be searched for. "It" alone is no sign: visitors call the product so."""
    own = [word for word in content_words(question) if word not in _SAY_LITTLE]
    if _BEGINS.search(question):
        return len(own) <= FEW_WORDS
    return not own and bool(_THESE.search(question) or _IT.search(question))
