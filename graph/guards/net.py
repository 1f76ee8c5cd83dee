"""A small net over words: two convolutions and a layer that reads both."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from graph.context import FloatArray

PIECE = 2**18
COLUMNS = 384
"""Multiplications of one piece of a product, and how many columns it has."""
NEAR = 2
"""So many words on each side are seen at once; the vectors, which know their surroundings, of one on each side."""


@dataclass(slots=True)
class Net:
    """Weights. The columns that a layer reads are those of the words before, then the word, then those after.

    Attributes:
        vectors: of the first layer, for the encoder's vectors, shape `(3 dimensions, hidden)`.
        shapes: of the first layer, for the words' shapes, shape `((2 NEAR + 1) features, hidden)`.
        hidden_bias: shape `(hidden,)`.
        second: shape `((2 NEAR + 1) hidden, second)`.
        second_bias: shape `(second,)`.
        out: shape `(hidden + second, labels)`.
        out_bias: shape `(labels,)`.
    """

    vectors: FloatArray
    shapes: FloatArray
    hidden_bias: FloatArray
    second: FloatArray
    second_bias: FloatArray
    out: FloatArray
    out_bias: FloatArray

    @classmethod
    def stored(cls, file: Mapping[str, Any]) -> Self:
        """The net whose weights a file holds, in half precision."""
        return cls(**{each.name: file[each.name].astype(np.float32) for each in fields(cls)})

    def parameters(self) -> dict[str, FloatArray]:
        """The arrays themselves, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def chances(self, vectors: FloatArray, shapes: FloatArray) -> FloatArray:
        """Probability of each label for each of n words, shape `(n, labels)`, from their vectors and shapes."""
        first = product(shifted(vectors, 1), self.vectors) + product(shifted(shapes, NEAR), self.shapes)
        hidden = np.maximum(first + self.hidden_bias, 0)
        second = np.maximum(product(shifted(hidden, NEAR), self.second) + self.second_bias, 0)
        logits = np.concatenate([hidden, second], axis=1) @ self.out + self.out_bias
        chances: FloatArray = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        chances /= chances.sum(axis=1, keepdims=True)
        return chances


def product(rows: FloatArray, weights: FloatArray) -> FloatArray:
    """The matrix product, in pieces so small that no threads are started for them.

    Threads of the library of matrices go on spinning for a while, which slows the encoder's next pass by 3 ms.
    """
    result = np.zeros((len(rows), weights.shape[1]), np.float32)
    for column in range(0, len(weights), COLUMNS):
        part = weights[column : column + COLUMNS]
        step = max(1, PIECE // part.size)
        for row in range(0, len(rows), step):
            result[row : row + step] += rows[row : row + step, column : column + COLUMNS] @ part
    return result


def shifted(rows: FloatArray, near: int) -> FloatArray:
    """Each row beside its neighbours, those before it first, shape `(n, (2 near + 1) columns)`."""
    padded = np.zeros((len(rows) + 2 * near, rows.shape[1]), rows.dtype)  # np.pad takes five times as long
    padded[near : near + len(rows)] = rows
    return np.concatenate([padded[place : place + len(rows)] for place in range(2 * near + 1)], axis=1)
