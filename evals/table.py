"""Plain tables, and shares with the interval that their counts allow."""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

Z_95 = 1.959964
RESAMPLES = 1000


def wilson(hits: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` cases (Wilson, 1927); (0, 1) when there are none."""
    if count == 0:
        return 0.0, 1.0
    share, spread = hits / count, Z_95**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 / (1 + spread) * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def resampled(items: Sequence[Item], measure: Callable[[Sequence[Item]], float]) -> tuple[float, float]:
    """Return the 95 % interval of a measure by the percentile bootstrap (Efron, 1979), the same for the same items.

    (0, 1) when there are none: measures are numbers in [0, 1].
    """
    if not items:
        return 0.0, 1.0
    draw = random.Random(0)
    drawn = sorted(measure(draw.choices(items, k=len(items))) for _ in range(RESAMPLES))
    return drawn[round(0.025 * RESAMPLES)], drawn[round(0.975 * RESAMPLES) - 1]


def share_cells(hits: float, count: int) -> tuple[str, str, str]:
    """The share, its 95 % interval and the counts, as cells."""
    if count == 0:
        return "-", "-", "0 of 0"
    low, high = wilson(hits, count)
    return f"{hits / count:.1%}", f"{low:.1%} to {high:.1%}", f"{hits:g} of {count}"


def lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return the lines of a table: the first column to the left, the others to the right, as wide as they need."""
    table = [header, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    for row in table:
        cells = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
