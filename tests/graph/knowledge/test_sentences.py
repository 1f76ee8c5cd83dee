"""Cutting passages into pieces that can be quoted."""

import pytest

from graph.knowledge.sentences import joined, pieces


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("One thing. Another thing!  A third?", ["One thing.", "Another thing!", "A third?"]),
        ("Use e.g. Apache. It works.", ["Use e.g. Apache.", "It works."]),
        ('Ask "How?" Then (wait.) Then go.', ['Ask "How?"', "Then (wait.)", "Then go."]),
        ("It costs 1.50 a month. Pay it.", ["It costs 1.50 a month.", "Pay it."]),
        ("- Open it. Then close it.\n- Done", ["- Open it.", "Then close it.", "- Done"]),
        ("Before\n\n---\n\n|---|---|\n:::note\nAfter", ["Before", "After"]),
        (
            "See [the page](page.md) or [here](https://example.org/x).",
            ["See the page or [here](https://example.org/x)."],
        ),
        ("Look: ![picture](a.png) there", ["Look:  there"]),
        ("> A quoted line", ["A quoted line"]),
        ("```sh\nmake serve. Then\n# wait\n```", ["```sh\nmake serve. Then\n# wait\n```"]),
        ("```sh\nunclosed", ["```sh\nunclosed\n```"]),
        ("A sentence that is\nwrapped. Another\none.", ["A sentence that is wrapped.", "Another one."]),
        ("Choose:\n- an item that\n  goes on\n- the next", ["Choose:", "- an item that goes on", "- the next"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ["| a | b |", "| 1 | 2 |"]),
        ("## A heading\nIts text.", ["**A heading**", "Its text."]),
        ("", []),
    ],
)
def test_pieces(text: str, cut: list[str]) -> None:
    assert [piece.text for piece in pieces(text)] == cut


def test_joining_all_pieces_gives_the_lines_back() -> None:
    text = "First. Second.\n- an item\n- another. With more."

    assert joined(pieces(text)) == text
