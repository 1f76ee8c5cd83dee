import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.context import InjectionFinding
from graph.guards.calibrate import HIGHEST, LOWEST, fitted, needed
from graph.guards.site_screen import SiteScreen
from tests.graph.scripted import FixedInjection, WordEncoder

SCORES = st.lists(st.floats(0, 1), min_size=needed(0.05), max_size=200)


def test_the_threshold_stands_between_what_passes_and_what_is_stopped() -> None:
    scores = [0.1] * 395 + [0.6, 0.7, 0.8, 0.96, 0.98]

    result = fitted(scores, 0.005)

    assert (result.messages, result.stopped) == (400, 2)
    assert 0.8 < result.threshold < 0.96


@pytest.mark.parametrize(("score", "threshold"), [(0.01, LOWEST), (0.9999, HIGHEST)])
def test_no_conversations_move_it_beyond_its_bounds(score: float, threshold: float) -> None:
    assert fitted([score] * 500, 0.005).threshold == threshold


@given(SCORES)
def test_at_most_the_share_is_stopped_unless_a_bound_forbids(scores: list[float]) -> None:
    result = fitted(scores, 0.05)

    assert LOWEST <= result.threshold <= HIGHEST
    assert result.stopped <= 0.05 * len(scores) or result.threshold == HIGHEST
    assert result.stopped == sum(score >= result.threshold for score in scores)


def test_a_share_of_few_messages_says_nothing() -> None:
    assert needed(0.005) == 400
    with pytest.raises(ValueError, match="400"):
        fitted([0.1] * 399, 0.005)


@pytest.mark.parametrize(
    ("threshold", "shadow", "blocked", "noted"),
    [(None, False, True, False), (None, True, False, True), (0.995, False, False, False), (0.98, True, False, True)],
)
def test_a_site_blocks_by_its_own_threshold_or_only_notes(
    threshold: float | None, *, shadow: bool, blocked: bool, noted: bool
) -> None:
    screen = SiteScreen(FixedInjection(blocked=True), threshold, shadow=shadow)

    found = screen.judge("x", WordEncoder().encode(["x"])[0])

    assert found == InjectionFinding(0.99, "scripted", blocked, noted)
