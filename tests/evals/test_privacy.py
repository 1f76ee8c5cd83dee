import pytest

from evals.privacy import Count, counted, shares
from graph.context import PersonalSpan

TEXT = "Ann Lee works at Acme Inc"


@pytest.mark.parametrize(
    ("found", "count"),
    [
        pytest.param([(0, 7)], Count(7, 7, 0), id="whole"),
        pytest.param([(0, 3)], Count(7, 3, 0), id="in part"),
        pytest.param([(0, 13)], Count(7, 7, 5), id="too much, less its space"),
        pytest.param([(17, 25)], Count(7, 0, 0), id="neutral"),
        pytest.param([], Count(7, 0, 0), id="nothing"),
    ],
)
def test_characters_are_counted(found: list[tuple[int, int]], count: Count) -> None:
    spans = [PersonalSpan("PERSON", start, end, 1.0) for start, end in found]

    assert counted(TEXT, [(0, 7, "PERSON"), (17, 25, "ORG")], spans) == count


def test_recall_weighs_four_times_as_much() -> None:
    assert shares([Count(10, 8, 0), Count(10, 8, 4)]) == pytest.approx((0.8, 0.8, 0.8))
    assert shares([Count(10, 5, 0)])[2] == pytest.approx(5 / 9)
    assert shares([]) == (0, 0, 0)
