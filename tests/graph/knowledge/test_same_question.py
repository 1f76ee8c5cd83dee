"""Which kept question is the one that is asked, and how much of that is found out by encoding."""

import re
from collections.abc import Sequence

import numpy as np
import pytest

from graph.context import EncodedTokens, FloatArray
from graph.knowledge.same_question import ENCODER, judge_for
from graph.knowledge.wording import met, rest, wording_of
from tests.graph.scripted import WordEncoder

ASKED = "How do I add a user?"
SAME = "How can I add a user?"


class TokenWords(WordEncoder):
    """Gives each word a direction of its own. Remembers what it encoded token by token."""

    def __init__(self, name: str = ENCODER) -> None:
        self.name = name
        self.seen: list[str] = []

    def encode_tokens(self, text: str) -> EncodedTokens:
        """One token a word or exclamation mark; the longer the word, the rarer."""
        self.seen.append(text)
        found = list(re.finditer(r"\w+|!", text.lower()))
        return EncodedTokens(
            sentence=self.encode([text])[0],
            vectors=self.encode([match[0] for match in found]) if found else np.zeros((0, 512), np.float32),
            ids=np.array([1000 * len(match[0]) for match in found], dtype=np.int64),
            words=np.arange(len(found)),
            spans=np.array([match.span() for match in found], dtype=np.int64).reshape(-1, 2),
        )


class Unseen(TokenWords):
    """All words lie in one direction but those that it is told of."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape `(len(texts), 512)`."""
        vectors = np.zeros((len(texts), 512), dtype=np.float32)
        vectors[:, 0] = 1
        return vectors


def test_the_first_that_is_the_same_is_taken() -> None:
    kept = [("How do I add 3 users?", 0.99), ("Where is my parcel?", 0.9), (SAME, 0.85), (SAME, 0.84)]

    assert judge_for(TokenWords())(ASKED, kept) == 2


@pytest.mark.parametrize(
    ("kept", "encoded"),
    [
        pytest.param([(SAME, 0.64)], [], id="too far"),
        pytest.param([("How do I add 3 users?", 1.0)], [], id="apart"),
        pytest.param([(SAME, 0.95), (SAME, 0.94)], [ASKED, SAME], id="found at once"),
        pytest.param(
            [("Can I buy tea?", 0.7), ("Can I buy milk?", 0.7)],
            [ASKED, "Can I buy tea?", "Can I buy milk?"],
            id="not found",
        ),
        pytest.param([], [], id="nothing is kept"),
    ],
)
def test_only_what_may_be_the_same_is_encoded(kept: list[tuple[str, float]], encoded: list[str]) -> None:
    encoder = TokenWords()

    judge_for(encoder)(ASKED, kept)

    assert encoder.seen == encoded


@pytest.mark.parametrize("encoder", [WordEncoder(), TokenWords("another")])
def test_under_another_encoder_no_other_wording_is_the_same(encoder: WordEncoder) -> None:
    assert judge_for(encoder)(ASKED, [(SAME, 1.0)]) is None
    assert getattr(encoder, "seen", []) == []


@pytest.mark.parametrize("asked", ["Wie kündige ich mein Konto?", "كيف ألغي اشتراكي؟", "Как отменить подписку?"])
def test_in_another_language_none_is_the_same(asked: str) -> None:
    assert judge_for(TokenWords())(asked, [(asked, 1.0)]) is None


def test_a_question_without_words_is_none_that_was_asked() -> None:
    same = judge_for(TokenWords())

    assert same("???", [("!!", 1.0), ("", 1.0), (SAME, 1.0)]) is None


def test_words_are_weighed_and_a_rest_is_what_only_one_text_has() -> None:
    encoder = TokenWords()
    one, other = (
        wording_of(text, encoder.encode_tokens(text)) for text in ("Can I delete it?", "Please delete my invoices!")
    )

    assert (one.stems, other.stems) == (("delet",), ("delet", "invoic"))
    assert one.weights[0] == pytest.approx(0.3 + np.log(6))
    assert rest(one, other) == rest(other, one) == pytest.approx(0.3 + np.log(8))
    weights = other.weights
    assert met(one, other) == met(other, one) == pytest.approx(weights[0] / weights.sum())


def test_a_long_rest_counts_no_more_than_a_few_words() -> None:
    encoder = Unseen()
    long = "invoices contracts deliveries envelopes passwords"
    one, other = (wording_of(text, encoder.encode_tokens(text)) for text in ("delete", f"delete {long}"))

    assert rest(one, other) == 8
    assert met(one, other) == pytest.approx(1)
