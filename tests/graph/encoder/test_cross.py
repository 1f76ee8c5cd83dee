"""A cross-encoder by path puts the best passages in its own order."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from app.loading import load_reranker
from app.model_files import TOKENIZER, checked
from app.settings import Knowledge, Settings
from graph.encoder.cross import OnnxReranker
from graph.errors import ConfigError
from graph.knowledge.rerank import reranked
from tests.graph.encoder.tiny_onnx import summing
from tests.graph.scripted import passage

TEXTS = ["Refunds take a week.", "A zeppelin.", "No.", "Refunds are paid within 14 days of your request."]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "cross.onnx"
    path.write_bytes(summing())
    (tmp_path / "tokenizer.json").write_bytes(Path(checked(TOKENIZER)).read_bytes())
    return path


def expected(text: str) -> int:
    """The sum of the ids of what the model takes for the passage: its tokens and the one that ends it."""
    tokenizer = Tokenizer.from_file(str(checked(TOKENIZER)))
    tokenizer.no_truncation()
    pair = tokenizer.encode("a question", text)
    return sum(id_ for id_, kind in zip(pair.ids, pair.type_ids, strict=True) if kind == 1)


@pytest.mark.parametrize("keep", [True, False], ids=["column", "row"])
def test_each_pair_gets_its_number_whatever_its_place(model: Path, keep: bool) -> None:
    model.write_bytes(summing(keep=keep))
    reranker = OnnxReranker(model, model.with_name("tokenizer.json"))
    texts = TEXTS * 5  # more than a batch

    assert np.allclose(reranker.scores("a question", texts), [expected(text) for text in texts])
    assert reranker.scores("a question", []).shape == (0,)


def test_a_text_that_is_too_long_is_cut_and_the_question_stays(model: Path) -> None:
    reranker = OnnxReranker(model, model.with_name("tokenizer.json"))

    (long,) = reranker.scores("a question", ["refund " * 3000])

    assert 0 < long < expected("refund " * 600)


def test_passages_come_in_the_rerankers_order_with_its_scores(model: Path) -> None:
    found = [replace(passage(text), chunk_id=number) for number, text in enumerate(TEXTS)]
    loaded = load_reranker(Settings(knowledge=Knowledge(reranker=model)))
    assert loaded is not None

    again = reranked(loaded, "a question", found)

    assert {each.chunk_id for each in again} == {0, 1, 2, 3}
    assert [each.score for each in again] == sorted((each.score for each in again), reverse=True)
    assert [each.chunk_id for each in again] != [0, 1, 2, 3]
    assert reranked(loaded, "a question", found[:1]) == found[:1]


def test_without_one_nothing_is_loaded() -> None:
    assert load_reranker(Settings()) is None


@pytest.mark.parametrize(
    ("content", "tokenizer", "sentence"),
    [
        pytest.param(b"no model", True, "is not an ONNX model", id="no model"),
        pytest.param(summing(wide=True), True, "one number", id="two numbers"),
        pytest.param(summing(), False, "tokenizer", id="no tokenizer"),
    ],
)
def test_what_is_no_cross_encoder_is_refused(model: Path, content: bytes, tokenizer: bool, sentence: str) -> None:
    model.write_bytes(content)
    if not tokenizer:
        model.with_name("tokenizer.json").unlink()

    with pytest.raises(ConfigError, match=sentence):
        load_reranker(Settings(knowledge=Knowledge(reranker=model)))
