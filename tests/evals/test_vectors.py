from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evals.vectors import KeptVectors
from graph.context import FloatArray


class Counting:
    """An encoder that gives every text another vector each time."""

    name, dimensions, max_tokens = "counting", 2, 100

    def __init__(self, first: float = 1.0) -> None:
        self.first = first
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.asked += texts
        return np.array([[self.first, len(self.asked) + place] for place in range(len(texts))], dtype=np.float32)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def test_a_text_is_encoded_once_even_by_the_next_run(tmp_path: Path) -> None:
    first = KeptVectors(Counting(), tmp_path)
    given = first.encode(["a", "b", "a", "\ud800"])
    first.close()
    encoder = Counting()
    second = KeptVectors(encoder, tmp_path)

    again = second.encode(["b", "\ud800", "c", "a"])

    assert encoder.asked[1:] == ["c"]  # after the sentence that tells encoders apart
    assert np.array_equal(again[[3, 0, 3, 1]], given)
    assert second.encode([]).shape == (0, 2)


def test_another_encoder_of_the_same_name_has_vectors_of_its_own(tmp_path: Path) -> None:
    KeptVectors(Counting(), tmp_path).encode(["a"])
    encoder = Counting(first=2.0)

    KeptVectors(encoder, tmp_path).encode(["a"])

    assert encoder.asked[1:] == ["a"]
