"""Spans of several recognizers become one list without overlaps."""

import pytest

from graph.context import PersonalSpan
from graph.guards.apart import apart

TEXT = "Anna Lee, 12 Baker Street"


@pytest.mark.parametrize(
    ("spans", "kept"),
    [
        pytest.param([("PERSON", 0, 4, 0.9), ("PERSON", 0, 8, 0.6)], [("PERSON", 0, 8, 0.9)], id="one type is joined"),
        pytest.param(
            [("ADDRESS", 10, 25, 0.7), ("PERSON", 0, 15, 0.6)],
            [("PERSON", 0, 8, 0.6), ("ADDRESS", 10, 25, 0.7)],
            id="the likelier type stays whole",
        ),
        pytest.param(
            [("ADDRESS", 10, 25, 0.7), ("PHONE", 10, 25, 0.5)], [("ADDRESS", 10, 25, 0.7)], id="nothing is left"
        ),
        pytest.param(
            [("PERSON", 0, 8, 0.9), ("ADDRESS", 0, 10, 0.5)], [("PERSON", 0, 8, 0.9)], id="a mark alone is no rest"
        ),
        pytest.param([("PERSON", 0, 4, 0.9), ("PERSON", 5, 8, 0.9)], [("PERSON", 0, 4, 0.9), ("PERSON", 5, 8, 0.9)],
                     id="neighbours stay two"),
        pytest.param([], [], id="nothing"),
    ],
)  # fmt: skip
def test_overlaps(spans: list[tuple[str, int, int, float]], kept: list[tuple[str, int, int, float]]) -> None:
    assert apart(TEXT, [PersonalSpan(*each) for each in spans]) == [PersonalSpan(*each) for each in kept]
