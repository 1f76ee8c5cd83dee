"""The sentence encoder, with the real model."""

from pathlib import Path

import numpy as np
import pytest

from app.model_files import ENCODER, TOKENIZER, checked
from graph.encoder.onnx import OVERLAP_TOKENS, OnnxEncoder
from graph.errors import ConfigError


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(checked(ENCODER), checked(TOKENIZER))


def test_vectors_have_unit_length_whatever_is_encoded(encoder: OnnxEncoder) -> None:
    vectors = encoder.encode(["", "short", "long " * 1000, "Grüße, 你好 🙂"])

    assert vectors.shape == (4, encoder.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_gives_no_rows(encoder: OnnxEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_rows_keep_the_order_of_the_texts_across_batches(encoder: OnnxEncoder) -> None:
    texts = [f"number {number} " + "word " * (number * 7 % 50) for number in range(70)]

    together = encoder.encode(texts)

    for place in (0, 31, 32, 69):
        alone = encoder.encode([texts[place]])[0]
        # int8 activations are scaled over a batch, so a vector differs a little by its company
        assert int(np.argmax(together @ alone)) == place
        assert float(together[place] @ alone) > 0.98


def test_a_paraphrase_is_nearer_than_another_subject(encoder: OnnxEncoder) -> None:
    question, same, other = encoder.encode(
        ["How do I get my money back?", "Can I have a refund?", "Which browsers are supported?"]
    )

    assert question @ same > question @ other + 0.2


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("hello", 1), ("hello world", 2), ("hello " * 1000, 1000)],
    ids=["empty", "a word", "two words", "longer than the model reads"],
)
def test_tokens_are_counted_without_a_bound(encoder: OnnxEncoder, text: str, tokens: int) -> None:
    assert encoder.count_tokens(text) == tokens


@pytest.mark.parametrize("text", ["", "hello", "Grüße aus Köln, 你好 🙂", "hello " * 400], ids=len)
def test_the_pass_over_tokens_gives_the_same_sentence(encoder: OnnxEncoder, text: str) -> None:
    tokens = encoder.encode_tokens(text)

    assert (
        len(tokens.vectors) == len(tokens.ids) == len(tokens.words) == len(tokens.spans) == encoder.count_tokens(text)
    )
    assert float(tokens.sentence @ encoder.encode([text])[0]) == pytest.approx(1, abs=1e-5)


def test_tokens_know_their_place_and_their_word(encoder: OnnxEncoder) -> None:
    text = "Zoë O'Neill-Smythe"
    tokens = encoder.encode_tokens(text)
    words = [text[tokens.spans[tokens.words == word].min() : tokens.spans[tokens.words == word].max()]
             for word in sorted(set(tokens.words.tolist()))]  # fmt: skip

    assert words == ["Zoë", "O", "'", "Neill", "-", "Smythe"]


def test_a_long_text_is_read_in_windows_that_overlap(encoder: OnnxEncoder) -> None:
    words = [("red", "green", "blue", "house", "river", "window")[n % 6] for n in range(700)]
    tokens = encoder.encode_tokens(" ".join(words))
    step = encoder.max_tokens - OVERLAP_TOKENS
    for start in range(0, 700 - OVERLAP_TOKENS, step):
        alone = encoder.encode_tokens(" ".join(words[start : start + encoder.max_tokens])).vectors
        first = OVERLAP_TOKENS // 2 if start else 0
        last = step + OVERLAP_TOKENS // 2 if start + encoder.max_tokens < 700 else len(alone)

        assert np.allclose(tokens.vectors[start + first : start + last], alone[first:last], atol=1e-4)


def test_a_model_file_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "model.onnx"
    wrong.write_text("not a model")

    with pytest.raises(ConfigError, match=r"model\.onnx"):
        OnnxEncoder(wrong, checked(TOKENIZER))


def test_a_tokenizer_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "tokenizer.json"
    wrong.write_text("{}")

    with pytest.raises(ConfigError, match=r"tokenizer\.json"):
        OnnxEncoder(checked(ENCODER), wrong)
