"""An encoder that remembers computes a text once, whichever way it was asked for."""

import gc
import weakref
from collections.abc import Sequence

import numpy as np

from app.model_files import ENCODER, TOKENIZER, checked
from graph.context import EncodedTokens, FloatArray
from graph.encoder.onnx import OnnxEncoder
from graph.encoder.remembering import MOST_TOKENS, SIZE_TOKENS, RememberingEncoder


class Counting(OnnxEncoder):
    """Notes what it was asked to compute."""

    asked: list[str]

    def encode(self, texts: Sequence[str]) -> FloatArray:
        if "asked" in self.__dict__:
            self.asked += texts
        return super().encode(texts)

    def encode_tokens(self, text: str) -> EncodedTokens:
        self.asked.append(text)
        return super().encode_tokens(text)


def test_a_message_that_was_looked_through_is_not_encoded_again() -> None:
    inner = Counting(checked(ENCODER), checked(TOKENIZER), threads=1)
    inner.asked = []
    encoder = RememberingEncoder(inner, size=2)

    tokens = encoder.encode_tokens("Where is my parcel?")
    vectors = encoder.encode(["Where is my parcel?", "Another question"])

    assert inner.asked == ["Where is my parcel?", "Another question"]
    assert np.array_equal(vectors[0], tokens.sentence)


def test_the_oldest_is_forgotten_first() -> None:
    inner = Counting(checked(ENCODER), checked(TOKENIZER), threads=1)
    inner.asked = []
    encoder = RememberingEncoder(inner, size=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        encoder.encode([text])

    assert inner.asked == ["a", "b", "c", "b"]


class Batches(OnnxEncoder):
    """Knows which of the arrays that it gave out are still held."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        vectors = super().encode(texts)
        self.given = weakref.ref(vectors)
        return vectors


def test_a_remembered_vector_does_not_hold_those_of_its_batch() -> None:
    inner = Batches(checked(ENCODER), checked(TOKENIZER), threads=1)

    encoder = RememberingEncoder(inner)
    encoder.encode(["a popular sentence", "another one", "a third"])

    gc.collect()
    assert inner.given() is None
    held = inner.given
    encoder.encode(["a popular sentence"])
    assert inner.given is held, "it is still known"


def test_the_tokens_of_the_last_questions_are_remembered_and_those_of_long_texts_are_not() -> None:
    inner = Counting(checked(ENCODER), checked(TOKENIZER), threads=1)
    inner.asked = []
    encoder = RememberingEncoder(inner)
    long = "parcel " * (MOST_TOKENS + 1)
    others = [f"question {number}" for number in range(SIZE_TOKENS - 1)]
    for text in ("a question", *others, "a question", long, long, "one more", "a question", others[0]):
        encoder.encode_tokens(text)

    assert inner.asked == ["a question", *others, long, long, "one more", others[0]]
