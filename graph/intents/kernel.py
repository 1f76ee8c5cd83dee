"""Kernel ridge regression over sentence vectors, in numpy: what tells a site's intents apart.

A Gaussian kernel follows classes that one plane a class cannot cut out. The head leans on a share of the examples, its
landmarks (Williams and Seeger, "Using the Nyström method to speed up kernel machines", 2001), so that one matrix and
two products judge a message however many examples there are. It is solved in closed form, and so are its folds.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graph.context import FloatArray
from graph.intents.head import ENOUGH, HeldOut, Labels, folds_of, landmarks_of, packed, temperature_of
from graph.intents.regression import Floats, balanced, softmax

GAMMA = 0.6
"""The kernel is exp(-GAMMA |x - y|²)."""
RIDGE = 0.1
JITTER = 1e-3
TEMPERATURE = 0.15
"""Where fewer than `ENOUGH` examples were held out, which say too little about it."""
COOLEST, HOTTEST = 0.02, 0.5


@dataclass(frozen=True, slots=True)
class KernelHead:
    """What was learned.

    Attributes:
        landmarks: unit vectors of examples, shape `(m, dimensions)`.
        owners: the intent of each landmark, shape `(m,)`, or `NOBODY`.
        weights: shape `(m, intents)`.
        temperature: what the scores are divided by to become the logits of probabilities.
    """

    keep: ClassVar[float] = 0.98

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
        return packed(**{name: getattr(self, name) for name in self.__slots__})


def learn(vectors: FloatArray, labels: Labels, strange: FloatArray) -> tuple[KernelHead, HeldOut]:
    """Learn intents from unit vectors of their examples.

    Args:
        vectors: shape `(n, dimensions)`.
        labels: number of each one's intent, from 0, shape `(n,)`; each number is there.
        strange: vectors of messages that none of the intents wants, shape `(s, dimensions)`; may be empty.
    """
    classes = int(labels.max()) + 1
    folds, fold = folds_of(labels, len(strange))
    landmarks, owners = landmarks_of(vectors, labels, strange)
    square = _kernel(landmarks, landmarks).astype(np.float64)
    square[np.diag_indices(len(square))] += JITTER
    root = np.linalg.inv(np.linalg.cholesky(square)).T
    rows = _kernel(np.concatenate([vectors, strange]), landmarks) @ root.astype(np.float32)
    targets = np.full((len(rows), classes), -1 / classes, dtype=np.float32)
    targets[np.arange(len(labels)), labels] += 1
    counts = np.sqrt(np.concatenate([balanced(labels), np.ones(len(strange))])).astype(np.float32)[:, None]
    grams, sides = [], []
    for number in range(folds):
        part = rows[fold == number] * counts[fold == number]
        grams.append((part.T @ part).astype(np.float64))
        sides.append((part.T @ (targets * counts)[fold == number]).astype(np.float64))
    gram, side = np.sum(grams, axis=0), np.sum(sides, axis=0)
    held = np.empty((len(rows), classes))
    for number in range(folds):
        held[fold == number] = rows[fold == number] @ _solve(gram - grams[number], side - sides[number])
    temperature = TEMPERATURE
    if len(labels) >= ENOUGH:
        temperature = temperature_of(held[: len(labels)], labels, np.geomspace(COOLEST, HOTTEST, 25))
    weights = (root @ _solve(gram, side)).astype(np.float32)
    probabilities = softmax(held / temperature)
    return (
        KernelHead(landmarks, owners, weights, temperature),
        HeldOut(probabilities[: len(labels)], probabilities[len(labels) :]),
    )


def _kernel(left: FloatArray, right: FloatArray) -> FloatArray:
    values: FloatArray = np.exp(2 * GAMMA * (left @ right.T - 1))
    return values


def _solve(gram: Floats, side: Floats) -> Floats:
    return np.asarray(np.linalg.solve(gram + RIDGE * np.eye(len(gram)), side), dtype=np.float64)
