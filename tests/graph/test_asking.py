"""What a visitor reads before they decide: the very values, whatever is in them."""

from datetime import UTC, datetime

import pytest

from graph.asking import asking
from graph.events import Asked, AskedArgument


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("DE89 3704", "`DE89 3704`", id="plain"),
        pytest.param("**all** [x](http://e.test)", "`**all** [x](http://e.test)`", id="Markdown"),
        pytest.param("a`b", "``a`b``", id="a backtick"),
        pytest.param("`a``", "``` `a`` ```", id="backticks at the ends"),
        pytest.param("one\n\n- two", "`one - two`", id="lines"),
        pytest.param("12\u202e34\u200b5", "`12\\u202e34\\u200b5`", id="turned around and invisible"),
        pytest.param("", "–", id="nothing"),
    ],
)
def test_a_value_is_shown_as_it_is(value: str, shown: str) -> None:
    argument = AskedArgument("account", value, "visitor")
    asked = Asked("1", "2", "Pay money back", (argument,), datetime.now(UTC))

    assert asking(asked, "en").split("\n")[1] == f"- account: {shown}"


def test_words_of_others_are_marked_in_the_visitors_language() -> None:
    argument = AskedArgument("account", "DE89", "others")
    asked = Asked("1", "2", "Geld zurückzahlen", (argument,), datetime.now(UTC))

    text = asking(asked, "de")

    assert text.startswith("Das kann ich für Sie tun: Geld zurückzahlen.")
    assert "nicht von Ihnen" in text
