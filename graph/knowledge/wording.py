"""How the words of two questions meet, and what only one of them says, in the encoder's vectors of the words."""

from dataclasses import dataclass

import numpy as np

from graph.context import EncodedTokens, FloatArray
from graph.knowledge.words import content_words

_AROUND = frozenset(
    content_words(
        "way know possible tell please help want like need somehow able option hi hello hey thanks thank really "
        "d ll m re s t ve don doesn didn haven hasn hadn isn aren wasn weren couldn won wouldn shouldn"
    )
)
"""Words around what is asked, and halves of contractions: to the encoder, words end at an apostrophe."""
_COMMON = 1000
"""The vocabulary is ordered by how common its words are. Up to this number, all are as common as can be."""
_LEAST_WEIGHT = 0.3
_MOST_REST = 8.0
"""A longer rest, of more than about three words, says no more: long questions tell of much beside what they ask."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a text.

    Attributes:
        every: unit vectors of all words, shape `(n, dimensions)`.
        vectors: of the k that carry its meaning, or of all where none does, shape `(k, dimensions)`.
        stems: of the same k.
        weights: of the same k, the larger the rarer, shape `(k,)`.
    """

    every: FloatArray
    vectors: FloatArray
    stems: tuple[str, ...]
    weights: FloatArray


def wording_of(text: str, tokens: EncodedTokens) -> Wording:
    """Join the tokens of each word, and weigh the words."""
    first = np.flatnonzero(np.diff(tokens.words, prepend=-2))
    last = np.append(first[1:], len(tokens.ids))[: len(first)] - 1
    written = [text[start:end] for start, end in zip(tokens.spans[first, 0], tokens.spans[last, 1], strict=True)]
    stems = [next(iter(content_words(word)), "") for word in written]
    carry = [row for row, stem in enumerate(stems) if stem and stem not in _AROUND]
    carry = carry or [row for row, word in enumerate(written) if word[0].isalnum()]
    every = np.add.reduceat(tokens.vectors, first, axis=0) if len(first) else tokens.vectors
    every = every / np.linalg.norm(every, axis=1, keepdims=True)
    rarest = np.array([tokens.ids[first[row] : last[row] + 1].max() for row in carry], dtype=np.float32)
    return Wording(
        every=every,
        vectors=every[carry],
        stems=tuple(stems[row] or written[row].lower() for row in carry),
        weights=np.asarray(_LEAST_WEIGHT + np.log(np.maximum(rarest, _COMMON) / _COMMON), dtype=np.float32),
    )


def met(one: Wording, other: Wording) -> float:
    """How near the words come to the nearest of the other text: the mean, weighted, where they come less near.

    A cosine, the same for both orders; 0 if a text has no words. Late interaction as in Khattab and Zaharia,
    "ColBERT" (2020), in both directions.
    """
    if not one.stems or not other.stems:
        return 0.0
    both = ((one.weights, one.vectors @ other.every.T), (other.weights, other.vectors @ one.every.T))
    return min(float(weights @ near.max(axis=1) / weights.sum()) for weights, near in both)


def rest(one: Wording, other: Wording) -> float:
    """Weight of the words that one text has and the other has not, of both texts together, in [0, 16]."""
    return _lacking(one, other) + _lacking(other, one)


def _lacking(one: Wording, other: Wording) -> float:
    alone = [stem not in other.stems for stem in one.stems]
    return min(_MOST_REST, float(one.weights[alone].sum()))
