"""Start: from `parley serve` to a page that is ready, with the data already there."""

from pathlib import Path

from evals.bench.figure import Figure, median
from evals.bench.served import served

WARM_STARTS = 3


def measure_start(home: Path) -> list[Figure]:
    """Start once to make the database and ingest the guide, then measure starts on what is there."""
    with served(home) as first:
        cold_s = first.ready_s
    warm_s = []
    for _ in range(WARM_STARTS):
        with served(home) as again:
            warm_s.append(again.ready_s)
    return [
        Figure("warm start to ready", median(warm_s), "s", 20),
        Figure("first start, with making the database", cold_s, "s"),
    ]
