"""One measured figure and the target that it is held against."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in `unit`. With no target it only explains the figure above it.

    Attributes:
        least: whether the target is a least value; otherwise it is the most that is allowed.
    """

    what: str
    measured: float
    unit: str
    target: float | None = None
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether the target is met. A figure that is not a number meets none."""
        if self.target is None:
            return True
        return self.measured >= self.target if self.least else self.measured <= self.target

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The figure as cells of a table."""
        measured = f"{self.measured:.4g} {self.unit}"
        if self.target is None:
            return f"  {self.what}", measured, "", ""
        sign = "≥" if self.least else "≤"
        return self.what, measured, f"{sign} {self.target:g} {self.unit}", "yes" if self.met else "no"


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that `percent` of the values do not exceed; NaN when there are none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def median(values: Sequence[float]) -> float:
    """The median; NaN when there are none."""
    return statistics.median(values) if values else float("nan")
