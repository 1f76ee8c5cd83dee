"""The number of threads follows what proves fastest, on a machine whose speeds a test sets."""

import pytest

from graph.models.local.threads import LATEST, Threads


def run(threads: Threads, seconds: dict[int, float], steps: int, *, rows: int = 8) -> list[int]:
    """Take steps of which each takes the seconds that its number of threads is given."""
    chosen = []
    for _ in range(steps):
        chosen.append(threads.choose(rows))
        threads.note(rows, chosen[-1], seconds[chosen[-1]])
    return chosen


@pytest.mark.parametrize(("seconds", "best"), [({1: 0.08, 2: 0.04}, 2), ({1: 0.08, 2: 0.5}, 1)])
def test_the_faster_one_is_found_and_kept(seconds: dict[int, float], best: int) -> None:
    chosen = run(Threads([1, 2]), seconds, 2000)

    assert chosen[0] == 1
    assert chosen.count(best) > 0.98 * len(chosen)


def test_a_change_of_the_machine_is_followed() -> None:
    threads = Threads([1, 2])
    run(threads, {1: 0.08, 2: 0.04}, 500)

    busy = run(threads, {1: 0.08, 2: 0.5}, 500)
    free_again = run(threads, {1: 0.08, 2: 0.04}, LATEST + 50)

    assert busy.count(2) < 20
    assert set(free_again[-40:]) == {2}


def test_sizes_of_steps_are_told_apart() -> None:
    threads = Threads([1, 2])
    for _ in range(40):
        run(threads, {1: 0.01, 2: 0.02}, 1, rows=1)
        run(threads, {1: 0.2, 2: 0.1}, 1, rows=64)

    assert (threads.choose(1), threads.choose(64)) == (1, 2)


def test_a_single_choice_is_kept() -> None:
    assert set(run(Threads([3, 3]), {3: 0.1}, 100)) == {3}
