"""What is said twice is shown once."""

import pytest

from graph.context import Passage
from graph.knowledge.twins import without_twins

REFUND = "We pay back the whole price within 14 days when you send the parcel back unopened with its receipt."


def passage(number: int, text: str) -> Passage:
    return Passage(number, f"page {number}", "", "", None, text, 1 / number, 0.5)


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        pytest.param([REFUND, REFUND], [1], id="a copy"),
        pytest.param([REFUND, f"{REFUND} Write to us first."], [1, 2], id="the worse one says more"),
        pytest.param(
            [f"{REFUND} Write to the support desk first, please.", REFUND], [1], id="the better one says more"
        ),
        pytest.param([REFUND, REFUND.replace("14", "30")], [1, 2], id="another figure"),
        pytest.param(["Closed on Sundays.", "Closed on Sundays."], [1], id="a short copy"),
        pytest.param(["Closed on Sundays.", "Closed on Mondays."], [1, 2], id="short and different"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_without_twins(texts: list[str], kept: list[int]) -> None:
    found = without_twins([passage(number, text) for number, text in enumerate(texts, 1)], most=3)

    assert [each.chunk_id for each in found] == kept


def test_no_more_than_asked_for_are_compared() -> None:
    texts = iter([passage(1, "Closed on Sundays."), passage(2, "Closed on Mondays."), passage(3, "Open on Fridays.")])

    assert [each.chunk_id for each in without_twins(texts, most=2)] == [1, 2]
    assert next(texts).chunk_id == 3
