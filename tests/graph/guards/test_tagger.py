"""The head that finds personal data: tied to its encoder, read safely, the same on long texts as on short ones."""

from pathlib import Path

import numpy as np
import pytest

from graph.encoder.onnx import OnnxEncoder
from graph.errors import ConfigError
from graph.guards.joined import joined
from graph.guards.tagger import HEAD, Tagger, tagger_for
from tests.graph.scripted import WordEncoder


class Renamed(OnnxEncoder):
    """The same vectors under the name of another model."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self.__dict__ = {**encoder.__dict__, "name": "another"}


def test_a_head_for_another_encoder_is_refused(encoder: OnnxEncoder) -> None:
    with pytest.raises(ConfigError, match=r"not for another; train one with evals\.train_personal"):
        Tagger(Renamed(encoder))


@pytest.mark.parametrize("content", [b"", b"no head", b"PK\x03\x04"])
def test_a_file_that_is_no_head_is_refused(encoder: OnnxEncoder, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "head.npz").write_bytes(content)

    with pytest.raises(ConfigError, match="holds no personal data head"):
        Tagger(encoder, tmp_path / "head.npz")


def test_a_head_with_a_part_missing_is_refused(encoder: OnnxEncoder, tmp_path: Path) -> None:
    with np.load(HEAD) as file:
        np.savez(tmp_path / "head.npz", **{name: file[name] for name in file if name != "out"})

    with pytest.raises(ConfigError, match="holds no personal data head"):
        Tagger(encoder, tmp_path / "head.npz")


def test_without_a_fitting_head_there_is_no_tagger_and_the_log_says_so(
    encoder: OnnxEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    assert tagger_for(encoder) is not None
    assert not caplog.records
    assert tagger_for(Renamed(encoder)) is None
    assert tagger_for(WordEncoder()) is None
    assert [record.getMessage().startswith(("Personal data", "The encoder")) for record in caplog.records] == [True] * 2


def test_what_is_read_does_not_depend_on_how_much_stands_before(tagger: Tagger) -> None:
    filler = "The parcel was sent on Monday and the tracking page has not changed since. " * 25
    text = filler + "My name is Roberta Lindqvist and I live at 12 Baker Street, London."

    assert {(span.type, text[span.start : span.end]) for span in tagger.read(text).spans} == {
        ("PERSON", "Roberta Lindqvist"),
        ("ADDRESS", "12 Baker Street, London"),
    }


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b", "a", "\U0001f600", "安娜住在柏林", "x" * 500])
def test_any_text_is_read(tagger: Tagger, text: str) -> None:
    reading = tagger.read(text)

    assert len(reading.words) == len(reading.chances)
    assert all(0 <= span.start < span.end <= len(text) for span in reading.spans)


@pytest.mark.parametrize(
    ("text", "kinds", "found"),
    [
        pytest.param("Ann - Lee", "PERSON,PERSON?,PERSON", [("PERSON", "Ann - Lee")], id="a mark inside a name"),
        pytest.param("Ann , Lee", "PERSON,PERSON?,PERSON", [("PERSON", "Ann"), ("PERSON", "Lee")], id="two names"),
        pytest.param("Ann\nLee", "PERSON,PERSON", [("PERSON", "Ann"), ("PERSON", "Lee")], id="names on two lines"),
        pytest.param("12 Elm St", "ADDRESS?,ADDRESS,ADDRESS", [("ADDRESS", "12 Elm St")], id="a faint first number"),
        pytest.param("Elm 7000 Bern", "ADDRESS,ADDRESS,PLACE?", [("ADDRESS", "Elm 7000 Bern")], id="a town"),
        pytest.param("Elm St\nBern", "ADDRESS,ADDRESS,PLACE", [("ADDRESS", "Elm St\nBern")], id="on two lines"),
        pytest.param("order 4567", "NOTHING,PHONE", [], id="the number of an order"),
        pytest.param("the secret", "NOTHING,PASSWORD", [], id="a word is no password"),
        pytest.param("hi " + "x" * 50, "NOTHING,PERSON", [], id="nobody has such a long name"),
        pytest.param("on 7 May", "NOTHING,PERSON,NOTHING", [], id="a number is nobody"),
        pytest.param("I hate TT", "NOTHING,NOTHING,PERSON", [], id="an abbreviation is nobody"),
        pytest.param("HI MR LEE", "NOTHING,NOTHING,PERSON", [("PERSON", "LEE")], id="a name among capitals"),
        pytest.param("remove wagtail", "NOTHING,USERNAME", [], id="a plain word is rarely a user name"),
        pytest.param("remove kim_2", "NOTHING,USERNAME", [("USERNAME", "kim_2")], id="a user name"),
        pytest.param("du 17 2026", "NOTHING,DATE_OF_BIRTH,NOTHING", [], id="a day is no date of birth"),
        pytest.param("du 17/02/26", "NOTHING,DATE_OF_BIRTH", [("DATE_OF_BIRTH", "17/02/26")], id="a date of birth"),
    ],
)  # fmt: skip
def test_words_are_joined(text: str, kinds: str, found: list[tuple[str, str]]) -> None:
    labels = ["NOTHING", "PERSON", "ADDRESS", "PLACE", "PHONE", "PASSWORD", "USERNAME", "DATE_OF_BIRTH"]
    words, places, at = text.split(), [], 0
    for word in words:
        at = text.index(word, at)
        places.append([at, at + len(word)])
        at += len(word)
    chances = np.zeros((len(words), len(labels)), np.float32)
    for row, kind in enumerate(kinds.split(",")):
        chance = 0.2 if kind.endswith("?") else 0.75
        chances[row, labels.index(kind.rstrip("?"))] = chance
        chances[row, 0] = 1 - chance if kind != "NOTHING" else 1
    spans = joined(text, np.array(places), chances, labels, np.full(chances.shape, 0.5, np.float32))

    assert [(span.type, text[span.start : span.end]) for span in spans] == found
