"""An answer's text as the page shows it."""

import pytest

from app.chat.answer_text import shown_answer
from graph.events import Source

ONE = Source(1, 7, "refunds.md", "Refunds", "Time", None, "Within 14 days.")
ODD = Source(2, 8, "odd.md", "A [link](x) *here*", "A [link](x) *here*", None, "Odd.")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Soon [1].", r"Soon [\[1\]](/sources/a/1).", id="a citation becomes a link"),
        pytest.param("Soon [3].", "Soon [3].", id="a number that cites nothing stays"),
        pytest.param("Use `list[1]` [1]", r"Use `list[1]` [\[1\]](/sources/a/1)", id="code stays"),
        pytest.param("[1](https://example.org)", "[1](https://example.org)", id="a link stays"),
    ],
)
def test_citations_are_links(text: str, shown: str) -> None:
    assert shown_answer("a", text, [ONE]).startswith(shown + "\n\n- [1 · Refunds › Time](/sources/a/1#listed)")


def test_a_title_cannot_write_markdown() -> None:
    shown = shown_answer("a", "", [ODD])
    assert shown == r"- [2 · A \[link\](x) \*here\*](/sources/a/2#listed)"


def test_notice_and_ending_stand_below() -> None:
    assert shown_answer("a", "Soon", [], notice="Local.", ending="Cut.") == "Soon\n\n***Local.***\n\n***Cut.***"


def test_an_escaped_backtick_begins_no_code() -> None:
    shown = shown_answer("a", r"\` [1] `x[1]` \\`y[1]`", [Source(1, 1, "d", "T", "", None, "text")])

    assert shown.startswith(r"\` [\[1\]](/sources/a/1) `x[1]` \\`y[1]`")
