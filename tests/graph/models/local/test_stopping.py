"""Stop words never show, wherever the pieces of text are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.models.local.stopping import StopWords


@pytest.mark.parametrize(
    ("pieces", "words", "passed", "found"),
    [
        pytest.param(["Hello", " there"], [], "Hello there", False, id="no words"),
        pytest.param(["Hello", ". More"], ["."], "Hello", True, id="inside a piece"),
        pytest.param(["One <|i", "m_e", "nd|> two"], ["<|im_end|>"], "One ", True, id="over three pieces"),
        pytest.param(["a <|im", " b"], ["<|im_end|>"], "a <|im b", False, id="only its beginning"),
        pytest.param(["ends with <|im"], ["<|im_end|>"], "ends with <|im", False, id="beginning at the end"),
        pytest.param(["x b a"], ["a", "b"], "x ", True, id="the earlier of two"),
    ],
)
def test_stop_words(pieces: list[str], words: list[str], passed: str, found: bool) -> None:
    stop = StopWords(words)

    text = "".join(stop.add(piece) for piece in pieces) + stop.rest()

    assert (text, stop.found) == (passed, found)


@given(st.lists(st.text("ab", max_size=4)), st.lists(st.text("ab", min_size=1, max_size=3), max_size=3))
def test_as_if_the_text_came_whole(pieces: list[str], words: list[str]) -> None:
    text = "".join(pieces)
    stop = StopWords(words)

    passed = "".join(stop.add(piece) for piece in pieces) + stop.rest()

    cut = min((text.find(word) for word in words if word in text), default=len(text))
    assert passed == text[:cut]
