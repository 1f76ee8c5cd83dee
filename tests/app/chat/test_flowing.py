import pytest

from app.chat.flowing import flowing


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("Keep both\napart from it.\n\nNext.", "Keep both apart from it.\n\nNext.", id="paragraph"),
        pytest.param("- one\n  goes on\n- two", "- one goes on\n- two", id="list"),
        pytest.param("> quoted\n> goes on", "> quoted goes on", id="quotation"),
        pytest.param("A break,  \nas written\\\nand again", "A break,  \nas written\\\nand again", id="hard breaks"),
        pytest.param("```\na\nb\n```", "```\na\nb\n```", id="code"),
        pytest.param("| a | b |\n| - | - |\n| 1 | 2 |", "| a | b |\n| - | - |\n| 1 | 2 |", id="table"),
        pytest.param("# Head\ntext", "# Head\ntext", id="heading"),
    ],
)
def test_paragraphs_flow_and_nothing_else(written: str, shown: str) -> None:
    assert flowing(written) == shown
