"""Values that a model repeats become their tokens again, however its answer is cut into pieces."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph.guards.conceal import Concealer, concealed
from graph.guards.pseudonyms import Pseudonyms

VALUES = {
    "[PERSON_1]": "Anna",
    "[PERSON_2]": "Anna Bertram",
    "[PERSON_3]": "Bo",
    "[PERSON_4]": "nab",
    "[PERSON_12]": "Bertram Cole",
    "[PHONE_1]": "0170 11",
    "[USERNAME_1]": "PERSON",
}
PIECES = [
    "Anna", " Bertram", " Cole", "Bo", "nab", "0170 11", "0170 1", "1", "[PERSON_1]", "[person_1", "]", "[", "PERSON",
    "_1", "A", "nn", "a", " ", ".", "x", "é", "ſ",
]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Dear Anna,", "Dear [PERSON_1],"),
        ("Dear Anna Bertram, Annas parcel", "Dear [PERSON_2], [PERSON_1]s parcel"),
        ("Anna\nBertram", "[PERSON_1]\nBertram"),
        ("Bo, is Bob there? Bo", "[PERSON_3], is Bob there? [PERSON_3]"),
        ("Call 0170 11 or 0170 119", "Call [PHONE_1] or 0170 119"),
        ("[PERSON_1] and [person_12] are PERSON", "[PERSON_1] and [person_12] are [USERNAME_1]"),
        ("nothing of theirs", "nothing of theirs"),
    ],
)
def test_a_value_becomes_its_token(written: str, kept: str) -> None:
    assert concealed(written, VALUES) == kept


def test_without_values_nothing_changes() -> None:
    assert concealed("Dear Anna [PERSON_1", {}) == "Dear Anna [PERSON_1"


def test_a_stream_waits_only_for_what_may_be_a_value() -> None:
    concealer = Concealer({"[PERSON_1]": "Anna Bertram"})

    fed = [concealer.feed(piece) for piece in ["Dear A", "nn", "a Bert", "ram! A", "t last"]]

    assert fed == ["Dear ", "", "", "[PERSON_1]! ", "At last"]
    assert concealer.flush() == ""


@given(st.lists(st.sampled_from(PIECES)).map("".join), st.data())
@example("Anna Bertram Cole", None)
@example("Annanab 0170 11", None)
def test_any_cutting_of_a_stream_conceals_like_the_whole(text: str, data: st.DataObject | None) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text))))) if data else range(len(text) + 1)
    concealer = Concealer(VALUES)

    pieces = [concealer.feed(text[start:end]) for start, end in pairwise([0, *cuts, len(text)])]

    whole = concealed(text, VALUES)
    assert "".join(pieces) + concealer.flush() == whole
    for token, value in VALUES.items():
        if len(value) >= 4 and value.isalpha() and value != "PERSON":
            assert value not in whole, token


@given(st.text(alphabet="Anab Bo01.é", max_size=30))
def test_what_is_concealed_comes_back_as_it_was_written(text: str) -> None:
    assert Pseudonyms(VALUES).restore(concealed(text, VALUES)) == text
