"""Kernel ridge regression over sentence vectors, in numpy: what tells a site's intents apart.

A Gaussian kernel follows classes that one plane a class cannot cut out. The head leans on a share of the examples, its
landmarks (Williams and Seeger, "Using the Nyström method to speed up kernel machines", 2001), so that one matrix and
two products judge a message however many examples there are. It is solved in closed form, and so are its folds.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from graph.context import FloatArray
from graph.intents.regression import Floats, balanced, softmax

GAMMA = 0.6
"""The kernel is exp(-GAMMA |x - y|²)."""
RIDGE = 0.1
LANDMARKS = 2048
STRANGE_LANDMARKS = 256
JITTER = 1e-3
FOLDS = 5
TEMPERATURE = 0.15
"""Where fewer than `ENOUGH` examples were held out, which say too little about it."""
ENOUGH = 100
COOLEST, HOTTEST = 0.02, 0.5
NOBODY = -1
"""Owner of a landmark that belongs to no intent."""

Labels = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Head:
    """What was learned.

    Attributes:
        landmarks: unit vectors of examples, shape `(m, dimensions)`.
        owners: the intent of each landmark, shape `(m,)`, or `NOBODY`.
        weights: shape `(m, intents)`.
        temperature: what the scores are divided by to become the logits of probabilities.
    """

    landmarks: FloatArray
    owners: Labels
    weights: FloatArray
    temperature: float

    def judge(self, vector: FloatArray) -> tuple[Floats, FloatArray]:
        """The probability of each intent, and the cosine to each landmark, of a message with this unit vector."""
        cosines = self.landmarks @ vector
        scores = np.exp(2 * GAMMA * (cosines - 1)) @ self.weights
        return softmax(scores[None].astype(np.float64) / self.temperature)[0], cosines

    def to_bytes(self) -> bytes:
        """For storage."""
        file = BytesIO()
        np.savez(file, landmarks=self.landmarks, owners=self.owners, weights=self.weights, temperature=self.temperature)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Head":
        """What `to_bytes` gave."""
        with np.load(BytesIO(stored), allow_pickle=False) as parts:
            return cls(parts["landmarks"], parts["owners"], parts["weights"], float(parts["temperature"]))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What heads that did not see them thought of the examples: probabilities, shape `(n, intents)`."""

    examples: Floats
    strange: Floats


def learn(vectors: FloatArray, labels: Labels, strange: FloatArray) -> tuple[Head, HeldOut]:
    """Learn intents from unit vectors of their examples.

    Args:
        vectors: shape `(n, dimensions)`.
        labels: number of each one's intent, from 0, shape `(n,)`; each number is there.
        strange: vectors of messages that none of the intents wants, shape `(s, dimensions)`; may be empty.
    """
    classes, folds = int(labels.max()) + 1, min(FOLDS, len(labels))
    rank = _rank(labels)
    chosen = np.argsort(rank, kind="stable")[:LANDMARKS]
    landmarks = np.concatenate([vectors[chosen], strange[:STRANGE_LANDMARKS]])
    square = _kernel(landmarks, landmarks).astype(np.float64)
    square[np.diag_indices(len(square))] += JITTER
    root = np.linalg.inv(np.linalg.cholesky(square)).T
    rows = _kernel(np.concatenate([vectors, strange]), landmarks) @ root.astype(np.float32)
    targets = np.full((len(rows), classes), -1 / classes, dtype=np.float32)
    targets[np.arange(len(labels)), labels] += 1
    counts = np.sqrt(np.concatenate([balanced(labels), np.ones(len(strange))])).astype(np.float32)[:, None]
    fold = np.concatenate([rank, np.arange(len(strange))]) % folds
    grams, sides = [], []
    for number in range(folds):
        part = rows[fold == number] * counts[fold == number]
        grams.append((part.T @ part).astype(np.float64))
        sides.append((part.T @ (targets * counts)[fold == number]).astype(np.float64))
    gram, side = np.sum(grams, axis=0), np.sum(sides, axis=0)
    held = np.empty((len(rows), classes))
    for number in range(folds):
        held[fold == number] = rows[fold == number] @ _solve(gram - grams[number], side - sides[number])
    temperature = _temperature(held[: len(labels)], labels)
    weights = (root @ _solve(gram, side)).astype(np.float32)
    owners = np.concatenate([labels[chosen], np.full(len(landmarks) - len(chosen), NOBODY)])
    probabilities = softmax(held / temperature)
    return (
        Head(np.ascontiguousarray(landmarks, dtype=np.float32), owners, weights, temperature),
        HeldOut(probabilities[: len(labels)], probabilities[len(labels) :]),
    )


def _kernel(left: FloatArray, right: FloatArray) -> FloatArray:
    values: FloatArray = np.exp(2 * GAMMA * (left @ right.T - 1))
    return values


def _solve(gram: Floats, side: Floats) -> Floats:
    return np.asarray(np.linalg.solve(gram + RIDGE * np.eye(len(gram)), side), dtype=np.float64)


def _rank(labels: Labels) -> Labels:
    """The how-manieth of its label each one is, in an order that is mixed but always the same."""
    mixed = np.random.default_rng(0).permutation(len(labels))
    ranks = np.empty(len(labels), dtype=np.intp)
    for label in range(int(labels.max()) + 1):
        own = mixed[labels[mixed] == label]
        ranks[own] = np.arange(len(own))
    return ranks


def _temperature(scores: Floats, labels: Labels) -> float:
    """The temperature at which held-out examples are least surprising (Guo et al., "On calibration", 2017)."""
    if len(labels) < ENOUGH:
        return TEMPERATURE
    weights, rows = balanced(labels), np.arange(len(labels))

    def surprise(temperature: float) -> float:
        return -float((weights * np.log(softmax(scores / temperature)[rows, labels] + 1e-12)).sum())

    return min(map(float, np.geomspace(COOLEST, HOTTEST, 25)), key=surprise)
