import math
from statistics import fmean

import pytest

from evals.table import lines, resampled, share_cells, wilson


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        pytest.param(0, 0, 0.0, 1.0, id="nothing is known without cases"),
        pytest.param(0, 10, 0.0, 0.2775, id="none of ten is not none of all"),
        pytest.param(10, 10, 0.7225, 1.0, id="all of ten is not all"),
        pytest.param(50, 100, 0.4038, 0.5962, id="half"),
    ],
)
def test_interval_of_a_share(hits: int, count: int, low: float, high: float) -> None:
    assert wilson(hits, count) == pytest.approx((low, high), abs=1e-4)


def test_interval_holds_the_share_and_narrows_with_the_count() -> None:
    widths = []
    for count in (10, 100, 1000):
        low, high = wilson(count * 0.3, count)
        assert low < 0.3 < high
        widths.append(high - low)

    assert widths == sorted(widths, reverse=True)
    assert not any(map(math.isnan, widths))


def test_cells_tell_share_interval_and_counts() -> None:
    assert share_cells(50, 100) == ("50.0%", "40.4% to 59.6%", "50 of 100")


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert list(lines(("what", "n"), [("a", "1"), ("longer", "1000")])) == [
        "what       n",
        "a          1",
        "longer  1000",
    ]


def test_a_bootstrapped_interval_holds_the_mean_and_shrinks_with_more_values() -> None:
    few, many = resampled([0.0, 1.0] * 10, fmean), resampled([0.0, 1.0] * 1000, fmean)

    assert few[0] < many[0] < 0.5 < many[1] < few[1]
    assert many[1] - many[0] == pytest.approx(2 * 1.96 * 0.5 / 2000**0.5, rel=0.15)
    assert resampled([0.3] * 5, fmean) == pytest.approx((0.3, 0.3))
    assert resampled([], fmean) == (0, 1)
