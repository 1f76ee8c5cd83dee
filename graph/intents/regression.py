"""Logistic regression for several classes, in numpy: enough for a head on sentence vectors."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    """Rows of probabilities from rows of logits, of shape `(n, classes)`."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def fit(features: Floats, labels: NDArray[np.intp], weights: Floats, *, c: float, steps: int = 400) -> Floats:
    """Fit a head.

    Minimises the weighted cross-entropy plus `||W||² / 2c` by accelerated gradient descent with restarts
    (O'Donoghue and Candès, 2015).

    Args:
        features: of shape `(n, dimensions)`, rows of about unit length.
        labels: of shape `(n,)`, from 0.
        weights: of shape `(n,)`, how much each row counts.
        c: inverse of the strength of regularisation.

    Returns:
        Array of shape `(dimensions + 1, classes)`; the last row is the bias, which is not regularised.
    """
    inputs = with_bias(features)
    targets = np.zeros((len(labels), int(labels.max()) + 1))
    targets[np.arange(len(labels)), labels] = 1
    penalty = np.full((inputs.shape[1], 1), 1 / c)
    penalty[-1] = 0
    gram = (inputs * weights[:, None]).T @ inputs
    step = 1 / (0.5 * float(np.linalg.eigvalsh(gram)[-1]) + 1 / c)
    head = ahead = np.zeros((inputs.shape[1], targets.shape[1]))
    momentum = 1.0
    for _ in range(steps):
        error = (softmax(inputs @ ahead) - targets) * weights[:, None]
        gradient = inputs.T @ error + penalty * ahead
        moved = ahead - step * gradient
        if float((gradient * (moved - head)).sum()) > 0:
            momentum = 1.0
        following = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead = moved + (momentum - 1) / following * (moved - head)
        head, momentum = moved, following
    return head


def with_bias(features: Floats) -> Floats:
    """Append a column of ones."""
    return np.hstack([features, np.ones((len(features), 1))])


def balanced(labels: NDArray[np.intp]) -> Floats:
    """Weights that let every class count the same, one on average."""
    counts = np.bincount(labels)
    return (len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[labels]
