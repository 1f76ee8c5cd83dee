import math

import pytest

from evals.bench.figure import Figure, percentile


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        pytest.param(Figure("turn", 60, "ms", 60), True, id="just within"),
        pytest.param(Figure("turn", 60.1, "ms", 60), False, id="over"),
        pytest.param(Figure("ingestion", 30, "passages/s", 30, least=True), True, id="just enough"),
        pytest.param(Figure("ingestion", 29, "passages/s", 30, least=True), False, id="too few"),
        pytest.param(Figure("turn", math.nan, "ms", 60), False, id="not measured is not met"),
        pytest.param(Figure("of it", 1e9, "ms"), True, id="without a target"),
    ],
)
def test_a_figure_is_held_against_its_target(figure: Figure, met: bool) -> None:
    assert figure.met is met


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (95, 95), (100, 100), (1, 1)])
def test_percentile_is_a_value_that_was_measured(percent: int, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == expected
