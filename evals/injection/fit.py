"""Fits a head by Adam, in plain numpy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graph.context import FloatArray
from graph.guards.hashed import hashed
from graph.guards.head import Head

BATCH = 256
RATE = 2e-3
DECAY = 2e-3
"""Pull of each weight towards 0 in one step, times the rate; ten times that on the words' weights."""
DROP = 0.2
"""Share of the features, and of the hidden units, that are left out in a step."""


class Bags:
    """The hashed words of many texts, flat."""

    def __init__(self, texts: Sequence[str], buckets: int) -> None:
        """Hash each text once."""
        found = [hashed(text, buckets) for text in texts]
        self.places = np.concatenate([places for places, _ in found])
        self.counts = np.concatenate([counts for _, counts in found])
        self.starts = np.cumsum([0, *(len(places) for places, _ in found)])

    def of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]]:
        """Buckets and counts of some texts, and for each of them the row, from 0, that it belongs to."""
        sizes = self.starts[rows + 1] - self.starts[rows]
        owners = np.repeat(np.arange(len(rows)), sizes)
        inside = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        flat = np.repeat(self.starts[rows], sizes) + inside
        return self.places[flat], self.counts[flat], owners


def fit(
    features: FloatArray,
    bags: Bags,
    owners: NDArray[np.int64],
    labels: FloatArray,
    weights: FloatArray,
    *,
    hidden: int,
    buckets: int,
    passes: int,
    words_rate: float,
    seed: int,
) -> Head:
    """Return the fitted head.

    Args:
        features: shape `(n, features)`.
        bags: of the texts.
        owners: which text each of the n rows has, shape `(n,)`.
        labels: 1 for attacks, shape `(n,)`.
        weights: how much each row counts, shape `(n,)`.
        hidden: units of the hidden layer.
        buckets: of the hashed words.
        passes: over all rows.
        words_rate: how much longer the steps of the words' weights are: words are rare.
        seed: of the start, the order and what is left out.
    """
    rng = np.random.default_rng(seed)
    width = features.shape[1]
    head = Head(
        inner=rng.normal(0, (2 / width) ** 0.5, (width, hidden)).astype(np.float32),
        inner_bias=np.zeros(hidden, dtype=np.float32),
        outer=rng.normal(0, (1 / hidden) ** 0.5, hidden).astype(np.float32),
        straight=np.zeros(width, dtype=np.float32),
        words=np.zeros(buckets, dtype=np.float32),
        bias=np.zeros(1, dtype=np.float32),
    )
    parameters = head.parameters()
    moments = {name: (np.zeros_like(each), np.zeros_like(each)) for name, each in parameters.items()}
    total = passes * -(-len(labels) // BATCH)
    step = 0
    for _ in range(passes):
        order = rng.permutation(len(labels))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            gradients = _gradients(head, features[rows], bags.of(owners[rows]), labels[rows], weights[rows], rng)
            step += 1
            rate = RATE * 0.5 * (1 + np.cos(np.pi * step / total))
            for name, gradient in gradients.items():
                mean, square = moments[name]
                mean += 0.1 * (gradient - mean)
                square += 0.001 * (gradient * gradient - square)
                change = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
                pull = 0.0 if name.endswith("bias") else DECAY * (10 if name == "words" else 1)
                own = rate * (words_rate if name == "words" else 1)
                parameters[name] -= (own * (change + pull * parameters[name])).astype(np.float32)
    return head


def _gradients(
    head: Head,
    features: FloatArray,
    bag: tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]],
    labels: FloatArray,
    weights: FloatArray,
    rng: np.random.Generator,
) -> dict[str, FloatArray]:
    """Of the weighted cross-entropy, by the name of the parameter."""
    features = features * (rng.random(features.shape) > DROP) / (1 - DROP)
    before = features @ head.inner + head.inner_bias
    kept = (rng.random(before.shape) > DROP) / (1 - DROP)
    hidden = np.maximum(before, 0) * kept
    places, counts, owners = bag
    worded = np.bincount(owners, head.words[places] * counts, len(labels))
    logits = hidden @ head.outer + features @ head.straight + head.bias[0] + worded
    error = (1 / (1 + np.exp(-logits)) - labels) * weights / len(labels)
    back = (error[:, None] * head.outer) * (before > 0) * kept
    return {
        "inner": features.T @ back,
        "inner_bias": back.sum(axis=0),
        "outer": hidden.T @ error,
        "straight": features.T @ error,
        "words": np.bincount(places, error[owners] * counts, len(head.words)),
        "bias": np.array([error.sum()]),
    }
