"""What the heads that tell a site's intents apart have in common: their face, folds, and examples to look back on."""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from graph.context import FloatArray
from graph.intents.regression import Floats, balanced, softmax

FOLDS = 5
LANDMARKS = 2048
STRANGE_LANDMARKS = 256
ENOUGH = 100
"""Held-out examples that are needed to find a temperature from them."""
NOBODY = -1
"""Owner of a landmark that belongs to no intent."""

Labels = NDArray[np.intp]


class Head(Protocol):
    """Judges messages by their unit vectors. Safe in many threads."""

    @property
    def keep(self) -> float:
        """The share of known messages that its gate lets through, unless the set says otherwise."""
        ...

    @property
    def owners(self) -> Labels:
        """The intent of each landmark, shape `(m,)`, or `NOBODY`. Landmarks are examples that the head remembers."""
        ...

    def judge(self, vector: FloatArray) -> tuple[Floats, FloatArray]:
        """The probability of each intent, and the cosine to each landmark, of a message with this unit vector.

        What the probabilities lack of one is the probability that nobody wants the message.
        """
        ...

    def to_bytes(self) -> bytes:
        """For storage."""
        ...


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What heads that did not see them thought of the examples: probabilities, shape `(n, intents)`."""

    examples: Floats
    strange: Floats


def landmarks_of(vectors: FloatArray, labels: Labels, strange: FloatArray) -> tuple[FloatArray, Labels]:
    """Examples to look back on, as many of each intent as there is room for, and their owners."""
    chosen = np.argsort(ranked(labels), kind="stable")[:LANDMARKS]
    landmarks = np.concatenate([vectors[chosen], strange[:STRANGE_LANDMARKS]])
    owners = np.concatenate([labels[chosen], np.full(len(landmarks) - len(chosen), NOBODY)])
    return np.ascontiguousarray(landmarks, dtype=np.float32), owners


def folds_of(labels: Labels, strange: int) -> tuple[int, Labels]:
    """How many folds there are, and the fold in which each example is held out, then each strange message."""
    folds = min(FOLDS, len(labels))
    return folds, np.concatenate([ranked(labels), np.arange(strange)]) % folds


def ranked(labels: Labels) -> Labels:
    """The how-manieth of its label each one is, in an order that is mixed but always the same."""
    mixed = np.random.default_rng(0).permutation(len(labels))
    ranks = np.empty(len(labels), dtype=np.intp)
    for label in range(int(labels.max()) + 1):
        own = mixed[labels[mixed] == label]
        ranks[own] = np.arange(len(own))
    return ranks


def temperature_of(scores: Floats, labels: Labels, among: Iterable[float]) -> float:
    """The temperature at which held-out examples are least surprising (Guo et al., "On calibration", 2017)."""
    weights, rows = balanced(labels), np.arange(len(labels))

    def surprise(temperature: float) -> float:
        return -float((weights * np.log(softmax(scores / temperature)[rows, labels] + 1e-12)).sum())

    return min(map(float, among), key=surprise)


def packed(**parts: FloatArray | Labels | float) -> bytes:
    """Named arrays as bytes, from which `np.load` reads them."""
    file = BytesIO()
    np.savez(file, **parts)  # type: ignore[arg-type]  # its stub takes the names for those of its own options
    return file.getvalue()
