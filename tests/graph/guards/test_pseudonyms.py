import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph.context import PersonalSpan
from graph.guards.pseudonyms import Pseudonyms, holds_token

MAIL = "anna@example.org"
KNOWN = {
    "[EMAIL_1]": MAIL,
    "[EMAIL_12]": "otto@example.org",
    "[PERSON_1]": "Anna",
    "[CREDIT_CARD_1]": "4111",
    "[TEXT_1]": "[EMAIL_1]",
}
SLIPS = [
    "[email_1]", "[Email_1]", "EMAIL_1", "[EMAIL 1]", "[EMAIL-1]", r"[EMAIL\_1]", r"\[EMAIL_1\]", r"\[EMAIL\_1\]",
    r"[EMAIL_1\]", r"EMAIL\_1", "**EMAIL_1**", "**[EMAIL_1]**", "_EMAIL_1_", "__EMAIL_1__", "_[EMAIL_1]_",
    "[EMAIL_1s]", "[EMAIL_1's]", "[EMAIL_1’s]", "[EMAIL_1']", "EMAIL_1s", "EMAIL_1's", "[[EMAIL_1]]",
]  # fmt: skip
PIECES = [
    *SLIPS, "[EMAIL_1]", "[email_12]", "[", "]", "\\", "EMAIL", "EMAIL_", "_", "-", "1", "2", " ", "s", "'", "*", "x",
    "é", "PERSON_1", "CREDIT_CARD_1", r"[Credit Card-1]", r"CREDIT\_CARD\_1", "[TEXT_1]",
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


@pytest.mark.parametrize("typed", ["[EMAIL_1]", "[EMAIL_2]", *SLIPS])
def test_a_token_that_a_visitor_types_calls_up_nothing(typed: str) -> None:
    pseudonyms = Pseudonyms({"[EMAIL_1]": MAIL})

    protected = pseudonyms.protect(f"What is {typed}?", [])

    assert "EMAIL" not in protected
    assert "[TEXT_1]" in protected
    assert pseudonyms.restore(protected) == f"What is {typed}?"


def test_ordinary_names_with_numbers_stay_readable() -> None:
    text = "It says ERROR_404, user_12 and [Step 2], see [1]."
    assert Pseudonyms().protect(text, []) == text
    assert not holds_token(text)


@pytest.mark.parametrize("written", SLIPS)
def test_a_models_slips_are_forgiven(written: str) -> None:
    restored = Pseudonyms({"[EMAIL_1]": MAIL}).restore(f"Sent to {written}.")

    assert MAIL in restored
    assert "EMAIL" not in restored.upper()
    assert "\\" not in restored
    assert holds_token(written)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Sent to [EMAIL_1].", f"Sent to {MAIL}."),
        ("[EMAIL_1's] and [EMAIL_1s] box", f"{MAIL}'s and {MAIL}s box"),
        ("_EMAIL_1_, [see EMAIL_1]", f"_{MAIL}_, [see {MAIL}]"),
        (r"\\[EMAIL_1] \[EMAIL_1]", rf"\\{MAIL} \{MAIL}"),
        ("set email_1 to MY_EMAIL_1 or EMAIL_1x", "set email_1 to MY_EMAIL_1 or EMAIL_1x"),
        ("EMAIL 1, EMAIL-1, [EMAIL1], [EMAIL_1x]", "EMAIL 1, EMAIL-1, [EMAIL1], [EMAIL_1x]"),
        ("[EMAIL_7] is unknown", "[EMAIL_7] is unknown"),
    ],
)
def test_what_belongs_to_the_text_stays(written: str, shown: str) -> None:
    assert Pseudonyms({"[EMAIL_1]": MAIL}).restore(written) == shown


@given(st.lists(st.sampled_from([*PIECES, MAIL, "Anna", "PHONE_3", "[PHONE_1]"]), max_size=12), st.data())
@example(["\\", MAIL, "\\"], None)
def test_restoring_undoes_protecting(pieces: list[str], data: st.DataObject | None) -> None:
    text = "".join(pieces)
    bounds = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6))) if data else [1, len(text) - 1]
    spans = [PersonalSpan("PHONE", start, end, 1.0) for start, end in zip(bounds[::2], bounds[1::2], strict=False)]
    pseudonyms = Pseudonyms(KNOWN)

    assert pseudonyms.restore(pseudonyms.protect(text, spans)) == text
