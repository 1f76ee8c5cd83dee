from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph.context import PersonalSpan
from graph.guards.pseudonyms import Pseudonyms, Restorer

MAIL = "anna@example.org"
KNOWN = {
    "[EMAIL_1]": MAIL,
    "[EMAIL_12]": "otto@example.org",
    "[PERSON_1]": "Anna",
    "[CREDIT_CARD_1]": "4111",
    "[TEXT_1]": "[EMAIL_1]",
}
PIECES = [
    "[EMAIL_1]", "EMAIL_1", "[email_12]", "[", "]", "EMAIL", "_", "1", "2", " ", "PERSON_1", "CREDIT_CARD_1",
    "[TEXT_1]", "x", "é",
]  # fmt: skip


def span(text: str, value: str, type_: str = "EMAIL") -> PersonalSpan:
    start = text.index(value)
    return PersonalSpan(type_, start, start + len(value), 1.0)


def test_the_same_value_keeps_its_token_in_every_message() -> None:
    first = Pseudonyms()
    text = f"Write to {MAIL}."
    assert first.protect(text, [span(text, MAIL)]) == "Write to [EMAIL_1]."

    later = Pseudonyms(first.values)
    text = f"Not otto@example.org but {MAIL}"
    spans = [span(text, "otto@example.org"), span(text, MAIL)]
    assert later.protect(text, spans) == "Not [EMAIL_2] but [EMAIL_1]"


@pytest.mark.parametrize("typed", ["[EMAIL_1]", "[email_1]", "EMAIL_1", "[EMAIL_2]"])
def test_a_token_that_a_visitor_types_calls_up_nothing(typed: str) -> None:
    pseudonyms = Pseudonyms({"[EMAIL_1]": MAIL})

    protected = pseudonyms.protect(f"What is {typed}?", [])

    assert protected == "What is [TEXT_1]?"
    assert pseudonyms.restore(protected) == f"What is {typed}?"


def test_ordinary_names_with_numbers_stay_readable() -> None:
    text = "It says ERROR_404 and user_12, see [1]."
    assert Pseudonyms().protect(text, []) == text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Sent to [EMAIL_1].", f"Sent to {MAIL}."),
        ("Sent to [email_1].", f"Sent to {MAIL}."),
        ("Sent to EMAIL_1.", f"Sent to {MAIL}."),
        ("set email_1 to MY_EMAIL_1 or EMAIL_1x", "set email_1 to MY_EMAIL_1 or EMAIL_1x"),
        ("[EMAIL_7] is unknown", "[EMAIL_7] is unknown"),
    ],
)
def test_a_models_slips_are_forgiven_where_that_is_safe(written: str, shown: str) -> None:
    assert Pseudonyms({"[EMAIL_1]": MAIL}).restore(written) == shown


def test_a_stream_waits_only_for_what_may_be_a_token() -> None:
    restorer = Restorer(Pseudonyms({"[EMAIL_1]": MAIL}))
    fed = [restorer.feed(piece) for piece in ["Every mail to [", "EMA", "IL_1", "] a [1] E", "nd"]]
    assert fed == ["Every mail to ", "", "", f"{MAIL} a [1] ", "End"]
    assert restorer.flush() == ""


@given(st.lists(st.sampled_from(PIECES)).map("".join), st.data())
@example("[EMAIL_1", None)
@example("[EMAIL_12] EMAIL_1", None)
def test_any_cutting_of_a_stream_restores_like_the_whole(text: str, data: st.DataObject | None) -> None:
    pseudonyms = Pseudonyms(KNOWN)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text))))) if data else range(len(text) + 1)
    restorer = Restorer(pseudonyms)

    bounds = [0, *cuts, len(text)]
    pieces = [restorer.feed(text[start:end]) for start, end in pairwise(bounds)]

    assert "".join(pieces) + restorer.flush() == pseudonyms.restore(text)


@given(st.lists(st.sampled_from([*PIECES, MAIL, "Anna", "PHONE_3", "[PHONE_1]"]), max_size=12), st.data())
def test_restoring_undoes_protecting(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    bounds = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [PersonalSpan("PHONE", start, end, 1.0) for start, end in zip(bounds[::2], bounds[1::2], strict=False)]
    pseudonyms = Pseudonyms(KNOWN)

    assert pseudonyms.restore(pseudonyms.protect(text, spans)) == text
