"""A small net on a text's vector, beside weights for its words: what both injection screens are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from graph.context import FloatArray
from graph.guards.hashed import hashed


@dataclass(slots=True)
class Head:
    """Weights.

    Attributes:
        inner: of the hidden layer, shape `(features, hidden)`.
        inner_bias: shape `(hidden,)`.
        outer: from the hidden layer, shape `(hidden,)`.
        straight: past the hidden layer, shape `(features,)`.
        words: of the hashed words, shape `(buckets,)`.
        bias: shape `(1,)`.
    """

    inner: FloatArray
    inner_bias: FloatArray
    outer: FloatArray
    straight: FloatArray
    words: FloatArray
    bias: FloatArray

    @classmethod
    def stored(cls, file: Mapping[str, Any]) -> Self:
        """The head whose weights a file holds, in half precision."""
        return cls(**{each.name: file[each.name].astype(np.float32) for each in fields(cls)})

    def store(self, path: Path, **further: NDArray[Any]) -> None:
        """Write the weights in half precision, and further arrays beside them."""
        arrays: dict[str, Any] = {name: each.astype(np.float16) for name, each in self.parameters().items()}
        arrays.update(further)
        np.savez_compressed(path, **arrays)

    def parameters(self) -> dict[str, FloatArray]:
        """Each array by its name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def logits(self, features: FloatArray, texts: Sequence[str]) -> FloatArray:
        """Log-odds of an attack, shape `(n,)`, from features of shape `(n, features)` and as many texts."""
        hidden = np.maximum(features @ self.inner + self.inner_bias, 0)
        result: FloatArray = hidden @ self.outer + features @ self.straight + self.bias[0]
        return result + np.array([self._worded(text) for text in texts], dtype=np.float32)

    def _worded(self, text: str) -> float:
        places, counts = hashed(text, len(self.words))
        return float(self.words[places] @ counts)
