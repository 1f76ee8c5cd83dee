"""Fits a screen's threshold to harmless messages, so that at most a chosen share of such messages is stopped."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_STOPPED = 2
"""The share must be worth so many of the messages, or the threshold would hang on a single one."""
LOWEST, HIGHEST = 0.5, 0.99
"""No site's messages move the threshold beyond these: below, half of what is asked could be stopped one day; above,
whoever sends enough attacks while they are only recorded would switch the screen off."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted threshold, and how many of the `messages` it was fitted to it would stop."""

    threshold: float
    messages: int
    stopped: int


def needed(share: float) -> int:
    """How many messages a share needs."""
    return math.ceil(LEAST_STOPPED / share)


def fitted(scores: Sequence[float], share: float) -> Calibration:
    """Fit the lowest threshold that stops at most `share` of the harmless messages with these scores.

    It stands in the middle, in log-odds, between the last score that is stopped and the first that is not; one unit
    above that one if none is stopped.

    Raises:
        ValueError: there are fewer scores than `needed`.
    """
    if len(scores) < needed(share):
        raise ValueError(f"{needed(share)} scores are needed")
    ordered = sorted(scores, reverse=True)
    allowed = math.floor(share * len(ordered))
    passing = ordered[allowed]
    above = [score for score in ordered[:allowed] if score > passing]
    middle = (_logit(passing) + _logit(above[-1])) / 2 if above else _logit(passing) + 1
    threshold = min(max(_rounded_up(1 / (1 + math.exp(-middle)), passing), LOWEST), HIGHEST)
    return Calibration(threshold, len(ordered), sum(score >= threshold for score in ordered))


def _rounded_up(threshold: float, passing: float) -> float:
    """In four digits, unless that would stop what should pass."""
    return rounded if (rounded := round(threshold, 4)) > passing else threshold


def _logit(score: float) -> float:
    kept = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))
