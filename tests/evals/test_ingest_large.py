from pathlib import Path
from random import Random

import pytest

from evals.bench.ingest_large import MOST_MIB, PROGRAM, SECTIONS, Watched, peak_figure, write_files
from graph.knowledge.parse import parse_file
from graph.knowledge.split import split


def test_each_file_has_as_many_passages_as_sections_and_is_the_same_again(tmp_path: Path) -> None:
    for name in ("once", "again"):
        write_files(tmp_path / name, 3, Random(7))  # noqa: S311 - no secret
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.md")} for name in ("once", "again")
    )

    assert first == second
    assert len(set(first.values())) == 3
    for name, data in first.items():
        document = parse_file(name, data)
        assert len(split(document, chunk_tokens=220, count=lambda text: len(text.split()))) == SECTIONS


@pytest.mark.parametrize(
    ("course", "growth"),
    [
        ([100.0] * 9, 1.0),
        ([50.0, 100.0, 100.0, 100.0, 100.0, 150.0], 1.5),
        ([100.0, 200.0, 200.0, 150.0, 150.0, 150.0], 1.0),
    ],
)
def test_growth_is_that_after_the_first_third(course: list[float], growth: float) -> None:
    assert Watched(course=course).growth == growth


def test_the_command_has_a_bound_and_the_database_none() -> None:
    assert [peak_figure(PROGRAM, mib).met for mib in (MOST_MIB, MOST_MIB + 1)] == [True, False]
    assert peak_figure("postgres", 10 * MOST_MIB).met
