"""How many threads compute a step: as many as prove fastest, which changes with what else the machine does.

Two threads are twice as fast as one while a second core is free, and several times slower when they wait for one
another on a busy machine. Nothing tells beforehand, so steps are timed, and the other choice is tried now and then.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

SOONEST = 16
LATEST = 256
"""Steps until the other choice is tried again: doubled each time that it proves slower."""
WEIGHT = 0.3
"""Of the newest step in the moving average."""


@dataclass(slots=True)
class _Size:
    """Steps of about the same number of rows: seconds a row by choice, and when the other one is tried."""

    seconds: dict[int, float] = field(default_factory=dict)
    interval: int = SOONEST
    left: int = SOONEST


class Threads:
    """Chooses among numbers of threads, separately for steps of different sizes."""

    def __init__(self, choices: Sequence[int]) -> None:
        """Args: choices: one number, which is kept, or two; the first one is tried first."""
        self._choices = tuple(dict.fromkeys(choices))
        self._sizes: defaultdict[int, _Size] = defaultdict(_Size)

    def choose(self, rows: int) -> int:
        """Threads for a step of that many rows."""
        size = self._sizes[rows.bit_length()]
        untried = [choice for choice in self._choices if choice not in size.seconds]
        if untried:
            return untried[0]
        best = min(size.seconds, key=size.seconds.__getitem__)
        if size.left > 0 or len(self._choices) == 1:
            return best
        return next(choice for choice in self._choices if choice != best)

    def note(self, rows: int, threads: int, took_s: float) -> None:
        """Note how long such a step took."""
        size = self._sizes[rows.bit_length()]
        each_s = took_s / rows
        before = size.seconds.get(threads)
        if before is None or size.left > 0 or len(self._choices) == 1:
            size.seconds[threads] = each_s if before is None else before + WEIGHT * (each_s - before)
            size.left -= 1
            return
        best_s = min(seconds for choice, seconds in size.seconds.items() if choice != threads)
        size.seconds[threads] = each_s  # what was known of it is old
        size.interval = SOONEST if each_s < best_s else min(2 * size.interval, LATEST)
        size.left = size.interval
