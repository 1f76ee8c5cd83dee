"""A list or table that was cut is read whole."""

import pytest

from graph.knowledge.neighbours import MOST_CHARS, completed


@pytest.mark.parametrize(
    ("text", "following", "whole"),
    [
        ("Steps:\n\n1. Open it.", "2. Close it.\n\nThen go home.", "Steps:\n\n1. Open it.\n2. Close it."),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", "| 3 | 4 |", "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"),
        ("You need:", "- a key\n  of brass\n- a door", "You need:\n\n- a key\n  of brass\n- a door"),
        ("- one", "Something else.", "- one"),
        ("A paragraph.", "- a list of its own", "A paragraph."),
        ("- one", None, "- one"),
        ("- one", "- " + "x" * MOST_CHARS, "- one"),
    ],
    ids=["list", "table", "introduced", "ended", "paragraph", "nothing follows", "too long"],
)
def test_completed(text: str, following: str | None, whole: str) -> None:
    assert completed(text, following) == whole
