"""Questions that lean on the one before."""

import pytest

from graph.knowledge.followup import search_text
from graph.state import Earlier

HISTORY = [Earlier("visitor", "How do refunds work?"), Earlier("assistant", "You ask for one.")]


@pytest.mark.parametrize(
    ("question", "history", "searched"),
    [
        ("And how long does that take?", HISTORY, "How do refunds work? And how long does that take?"),
        ("How long does it take?", HISTORY, "How do refunds work? How long does it take?"),
        ("What about gift cards?", HISTORY, "How do refunds work? What about gift cards?"),
        ("Does it work behind nginx?", HISTORY, "Does it work behind nginx?"),
        ("Can I embed it in my website?", HISTORY, "Can I embed it in my website?"),
        ("How do I change my password?", HISTORY, "How do I change my password?"),
        ("And how long does that take?", [], "And how long does that take?"),
        (
            "Is it possible to export invoices of the previous year as PDF files?",
            HISTORY,
            "Is it possible to export invoices of the previous year as PDF files?",
        ),
    ],
)
def test_search_text(question: str, history: list[Earlier], searched: str) -> None:
    assert search_text(question, history) == searched
