"""Small nets over sentence vectors, in numpy: they tell many intents apart better where each has many examples.

Each net leaves out one fold of the examples, which says how well it judges what it has not seen; joined, the mean of
their logits judges messages. Beside the intents stands nobody, whose logit is always 0. What label smoothing (Szegedy
et al., "Rethinking the Inception architecture", 2016) takes from an example's own intent goes to nobody, as all does of
a strange message. So the logits of what is like no example stay low, and the gate stops it, even if there are no
strange messages to learn from. (Smoothing that is spread over the intents stops fewer of them.)
"""

from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph.context import FloatArray
from graph.intents.head import HeldOut, Labels, folds_of, landmarks_of, packed, temperature_of
from graph.intents.regression import Floats, balanced

UNITS = 384
EPOCHS = 15
BATCH = 256
RATE = 3e-3
WARM = 0.05
"""Share of the steps in which the rate rises; then it falls by a cosine."""
DECAY = 1e-2
DROPPED = 0.5
SMOOTHED = 0.2
SPREAD = 20.0
"""What unit vectors are multiplied by, so that their numbers are about one."""
STRANGE_WEIGHT = 3.0
SLOW, SLOWER = 0.9, 0.99
"""How much of the mean gradient, and of its mean square, a step keeps."""
COOLEST, HOTTEST = 0.1, 1.5
SHARPER = 0.7
"""The logits are divided by so much less than calibration among the intents asks for. What confidence that adds is
given to nobody: so the probability says both which intent it is, and whether it is any."""
NOBODY_LOWEST, NOBODY_HIGHEST, HALVINGS = -20.0, 5.0, 30

Scores = TypeVar("Scores", Floats, FloatArray)
Weights = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""Of the hidden layer and its bias, of the last layer and its bias."""


@dataclass(frozen=True, slots=True)
class NetHead:
    """What was learned: the nets beside one another, as one wide net.

    Attributes:
        landmarks: unit vectors of examples, shape `(m, dimensions)`.
        owners: the intent of each landmark, shape `(m,)`, or `NOBODY`.
        hidden: shape `(dimensions, units)`.
        hidden_bias: shape `(units,)`.
        out: shape `(units, intents)`.
        out_bias: shape `(intents,)`.
        temperature: what the logits are divided by.
        nobody: the logit of nobody, once they are divided.
    """

    keep: ClassVar[float] = 0.996
    """Strangers are so much less probable to nets that a gate need not cost more."""

    landmarks: FloatArray
    owners: Labels
    hidden: FloatArray
    hidden_bias: FloatArray
    out: FloatArray
    out_bias: FloatArray
    temperature: float
    nobody: float

    def judge(self, vector: FloatArray) -> tuple[Floats, FloatArray]:
        """The probability of each intent, and the cosine to each landmark, of a message with this unit vector."""
        logits = _logits(vector[None], (self.hidden, self.hidden_bias, self.out, self.out_bias))
        return _probabilities(logits.astype(np.float64) / self.temperature, self.nobody)[0], self.landmarks @ vector

    def to_bytes(self) -> bytes:
        """For storage."""
        return packed(**{name: getattr(self, name) for name in self.__slots__})


def learn(vectors: FloatArray, labels: Labels, strange: FloatArray) -> tuple[NetHead, HeldOut]:
    """Learn intents from unit vectors of their examples. The same examples give the same head.

    Args:
        vectors: shape `(n, dimensions)`.
        labels: number of each one's intent, from 0, shape `(n,)`; each number is there.
        strange: vectors of messages that none of the intents wants, shape `(s, dimensions)`; may be empty.
    """
    folds, fold = folds_of(labels, len(strange))
    rows = np.concatenate([vectors, strange])
    targets = np.zeros((len(rows), int(labels.max()) + 1), dtype=np.float32)
    targets[np.arange(len(labels)), labels] = 1 - SMOOTHED
    counts = np.concatenate([balanced(labels), np.full(len(strange), STRANGE_WEIGHT)]).astype(np.float32)
    held, nets = np.empty(targets.shape), []
    for number in range(folds):
        seen = fold != number
        net = _fitted(rows[seen], targets[seen], counts[seen], seed=number)
        held[~seen] = _logits(rows[~seen], net)
        nets.append(net)
    hidden, hidden_bias, out, out_bias = zip(*nets, strict=True)
    known = held[: len(labels)]
    temperature = SHARPER * temperature_of(known, labels, np.geomspace(COOLEST, HOTTEST, 25))
    nobody = _nobody(known / temperature, labels)
    probabilities = _probabilities(held / temperature, nobody)
    head = NetHead(
        *landmarks_of(vectors, labels, strange),
        np.concatenate(hidden, axis=1),
        np.concatenate(hidden_bias),
        (np.concatenate(out) / folds).astype(np.float32),
        np.stack(out_bias).mean(axis=0).astype(np.float32),
        temperature,
        nobody,
    )
    return head, HeldOut(probabilities[: len(labels)], probabilities[len(labels) :])


def _fitted(rows: FloatArray, targets: FloatArray, counts: FloatArray, *, seed: int) -> Weights:
    """One net, by AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) with dropout."""
    random = np.random.default_rng(seed)
    weights: Weights = (
        random.normal(0, (2 / rows.shape[1]) ** 0.5, (rows.shape[1], UNITS)).astype(np.float32),
        np.zeros(UNITS, dtype=np.float32),
        random.normal(0, (1 / UNITS) ** 0.5, (UNITS, targets.shape[1])).astype(np.float32),
        np.zeros(targets.shape[1], dtype=np.float32),
    )
    means, squares = [np.zeros_like(each) for each in weights], [np.zeros_like(each) for each in weights]
    steps, step = EPOCHS * -(-len(rows) // BATCH), 0
    for _ in range(EPOCHS):
        order = random.permutation(len(rows))
        for start in range(0, len(rows), BATCH):
            batch, step = order[start : start + BATCH], step + 1
            kept = random.random((len(batch), UNITS), dtype=np.float32) > DROPPED
            gradients = _gradients(rows[batch], targets[batch], counts[batch], kept, weights)
            rate = RATE * min(1, step / (WARM * steps)) * 0.5 * (1 + np.cos(np.pi * step / steps))
            size = np.float32(rate * (1 - SLOWER**step) ** 0.5 / (1 - SLOW**step))
            for weight, gradient, mean, square in zip(weights, gradients, means, squares, strict=True):
                mean += np.float32(1 - SLOW) * (gradient - mean)
                square += np.float32(1 - SLOWER) * (gradient * gradient - square)
                if weight.ndim > 1:
                    weight *= np.float32(1 - rate * DECAY)
                weight -= size * mean / (np.sqrt(square) + np.float32(1e-7))
    return weights


def _gradients(
    rows: FloatArray, targets: FloatArray, counts: FloatArray, kept: NDArray[np.bool_], weights: Weights
) -> Weights:
    """Of the weighted cross-entropy of a batch, by each of the weights; `kept` are the units that are not dropped."""
    hidden, hidden_bias, out, out_bias = weights
    inputs: FloatArray = rows * np.float32(SPREAD)
    units: FloatArray = inputs @ hidden + hidden_bias
    passed: FloatArray = (kept & (units > 0)).astype(np.float32) / np.float32(1 - DROPPED)
    units *= passed
    errors: FloatArray = _probabilities(units @ out + out_bias, 0) - targets
    errors *= (counts / len(rows)).astype(np.float32)[:, None]
    behind: FloatArray = (errors @ out.T) * passed
    return inputs.T @ behind, behind.sum(axis=0), units.T @ errors, errors.sum(axis=0)


def _logits(rows: FloatArray, weights: Weights) -> FloatArray:
    hidden, hidden_bias, out, out_bias = weights
    logits: FloatArray = np.maximum((rows * np.float32(SPREAD)) @ hidden + hidden_bias, 0) @ out + out_bias
    return logits


def _nobody(logits: Floats, labels: Labels) -> float:
    """The logit of nobody at which held-out examples are as probable, on the mean, as they are judged rightly."""
    right, top = float((logits.argmax(axis=1) == labels).mean()), logits.max(axis=1, keepdims=True)
    others, low, high = np.exp(logits - top).sum(axis=1), NOBODY_LOWEST, NOBODY_HIGHEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        sure = float((1 / (others + np.exp(middle - top[:, 0]))).mean())
        low, high = (middle, high) if sure > right else (low, middle)
    return low


def _probabilities(logits: Scores, nobody: float) -> Scores:
    """Those of the intents; nobody, whose logit this is, has the rest."""
    top = np.maximum(logits.max(axis=1, keepdims=True), nobody)
    powers = np.exp(logits - top)
    probabilities: Scores = powers / (powers.sum(axis=1, keepdims=True) + np.exp(nobody - top))
    return probabilities
