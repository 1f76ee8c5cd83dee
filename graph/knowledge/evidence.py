"""The passages of an answer as what a claim is held against: pieces, each with what it leans on."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from graph.context import Encoder, FloatArray, Passage
from graph.guards.language import language_of
from graph.knowledge.claims import things_of
from graph.knowledge.figures import canonical
from graph.knowledge.sentences import pieces
from graph.knowledge.units import is_unit
from graph.knowledge.words import content_words

LEANS = re.compile(
    r"^(?:[-*+]\s|\d+[.)]\s)?\W*(?:it|its|they|their|this|that|these|those|both|there|then|after that|otherwise|"
    r"when it|if it|in that case|to do (?:so|this|that))\b",
    re.IGNORECASE,
)
"""How a piece begins that says of the one before it what it says."""
_MENTIONS = re.compile(r"\b(?:it|them|they|this|that|these|those)\b", re.IGNORECASE)
ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*+|])\s*")

KNOWN_AROUND = 0.9
"""A word that stands in the heading or in what a piece leans on, against 1 for the piece itself."""
SYNONYM_FROM, SYNONYM_FULL, SYNONYM_WORTH = 0.4, 0.75, 0.85
"""Cosines of two words from which they count as alike, and as the same; and what the same then counts."""
ELSEWHERE_WORTH = 0.25
"""What is left of a likeness when the passages have the very word, but of another thing."""
OFTEN, OFTEN_AT_LEAST = 0.25, 5
REPLACES = 0.65
"""Below this cosine to every word of a piece, a word says something else than they do."""
OPEN_WEIGHT = 1.5
"""Weight of a word that the piece lacks, if the passages have it elsewhere, or if it stands behind a preposition."""
WEAK_WEIGHT = 0.35
"""Weight of verbs that say little of themselves."""
_WEAK = frozenset(
    content_words(
        "able possible kept get give given make made take taken set find see want choose work works visit simply click "
        "go open offer offers provide provides available happen show shows become keep keeps contain contains apply "
        "additional additionally various following different example however therefore way ways case yes sure usually "
        "customer customers user users people able help via receive needed "
        "button section page option tab menu field select switch process great"
    )
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence, item, row or block of a passage. `place` counts the passages from 0.

    Attributes:
        text: with its figures as `canonical` writes them.
        language: its passage's.
        around: heading and title, and what stands before it and is meant with it.
        words: stems of its own words.
        near: stems of the words around it, and of what its pronouns may stand for.
    """

    place: int
    order: int
    text: str
    language: str
    around: str
    words: frozenset[str]
    near: frozenset[str]

    @property
    def whole(self) -> str:
        """The piece behind what it leans on."""
        return f"{self.around} {self.text}".strip()


class Evidence:
    """The pieces of the passages, and how far each supports a claim."""

    def __init__(self, passages: Sequence[Passage], encoder: Encoder, language: str = "en") -> None:
        """Cut the passages up. `language` is that of a passage whose own cannot be told."""
        self._encoder = encoder
        found = [piece for place, passage in enumerate(passages) for piece in _pieces(place, passage, language)]
        self.pieces = [
            piece for piece in found if not piece.text.rstrip("*_ ").endswith("?")
        ]  # a question tells nothing
        counts = Counter(word for piece in self.pieces for word in piece.words)
        often = max(OFTEN_AT_LEAST, OFTEN * len(self.pieces))
        self.common = frozenset(word for word, count in counts.items() if count >= often)
        """Words that so many pieces have that they tell none from another, such as the product's name."""
        self._everywhere = frozenset(counts) - self.common
        self._own: FloatArray | None = None

    def nearness(self, claims: Sequence[str]) -> FloatArray:
        """Cosines of claims to pieces, shape `(claims, pieces)`."""
        if self._own is None:
            self._own = self._encoder.encode([piece.text for piece in self.pieces])
        return np.asarray(self._encoder.encode(claims) @ self._own.T)

    def coverage(self, claim: str, piece: Piece) -> float:
        """Share of a claim's words that the piece has, or words like them, in [0, 1].

        What only the words around the piece cover counts no more than what the piece itself covers.
        """
        words = list(dict.fromkeys(word for word in content_words(claim) if not word.isdigit() and not is_unit(word)))
        if not words:
            return 1.0
        total = own = near = 0.0
        open_ = []
        things = frozenset(things_of(claim))
        for word in words:
            weight = WEAK_WEIGHT if word in _WEAK else 1.0
            if word in piece.words:
                own += weight
            elif word in piece.near:
                near += weight * KNOWN_AROUND
            else:
                if word not in _WEAK and (word in self._everywhere or word in things):
                    weight = OPEN_WEIGHT
                open_.append((word, weight))
            total += weight
        if open_ and own:
            for (word, weight), like in zip(open_, self._likeness([word for word, _ in open_], piece), strict=True):
                worth = np.clip((like - SYNONYM_FROM) / (SYNONYM_FULL - SYNONYM_FROM), 0, 1) * SYNONYM_WORTH
                own += weight * float(worth) * (ELSEWHERE_WORTH if word in self._everywhere else 1.0)
        return (own + min(near, own)) / total

    def replaced(self, claim: str, piece: Piece) -> str:
        """A word of the claim that stands where the piece has another one, and that the passages say of that other.

        Empty if there is none. "The ember code" is one for a piece about the cobalt code, where another piece tells of
        the ember code.
        """
        words = [word for word in content_words(claim) if word not in _WEAK]
        own = [word for word in content_words(piece.text) if word not in _WEAK]
        ahead, behind = _neighbours(own)
        for at, word in enumerate(words):
            if (
                word in piece.words
                or word in piece.near
                or word.isdigit()
                or is_unit(word)
                or word not in self._everywhere
            ):
                continue
            others = [other for other in self.pieces if word in other.words and other is not piece]
            shared = [len(set(words) & other.words) - 1 for other in others]
            parallel = max(shared, default=0) * 2 >= len(set(words)) - 1
            before, after = words[at - 1] if at else "", words[at + 1] if at + 1 < len(words) else ""
            framed = any(other not in words for other in (*behind.get(before, ()), *ahead.get(after, ())))
            framed = framed or (bool(ahead.get(after)) and words.count(after) > 1)
            leads = at == 0 and bool(own) and own[0] not in words and any(_first(other) == word for other in others)
            if (parallel or framed or leads) and max(self._likeness([word], piece)) < REPLACES:
                return word
        return ""

    def _likeness(self, words: Sequence[str], piece: Piece) -> list[float]:
        """The cosine of each word to the piece's most similar one."""
        known = sorted(piece.words)
        if not known:
            return [0.0] * len(words)
        cosines = self._encoder.encode(words) @ self._encoder.encode(known).T
        return [float(row.max()) for row in cosines]


def _neighbours(words: Sequence[str]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The words that stand before each word, and those that stand behind each."""
    ahead: dict[str, set[str]] = {}
    behind: dict[str, set[str]] = {}
    for one, other in pairwise(words):
        ahead.setdefault(other, set()).add(one)
        behind.setdefault(one, set()).add(other)
    return ahead, behind


def _first(piece: Piece) -> str:
    return next(iter(content_words(piece.text)), "")


def _pieces(place: int, passage: Passage, language: str) -> list[Piece]:
    title = " ".join(dict.fromkeys(part for part in (passage.title, passage.heading) if part))
    found: list[Piece] = []
    language = language_of(passage.text) or language
    title = canonical(title, language)
    texts = [canonical(piece.text, language) for piece in pieces(passage.text)]
    lead = ""
    for order, text in enumerate(texts):
        before = texts[order - 1] if order else ""
        item = bool(ITEM.match(text))
        if before.endswith(":") or (before and item and not ITEM.match(before)):
            lead = before
        elif not item:
            lead = ""
        leant_on = lead if item else before if before and LEANS.match(text) else ""
        if before.startswith("**") and before.endswith("**"):  # a heading inside the passage
            leant_on = f"{leant_on} {before}".strip()
        around = f"{title}. {leant_on}" if leant_on else title
        near = f"{around} {before}" if _MENTIONS.search(text) else around
        words, others = frozenset(content_words(text)), frozenset(content_words(near))
        found.append(Piece(place, order, text, language, around, words, others))
    return found
