from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.cli import program, row_cells


@pytest.mark.parametrize("suite", ["retrieval", "intents", "guards", "privacy", "answers"])
@pytest.mark.parametrize("given", [pytest.param([], id="no folder"), pytest.param(["--data", "gone"], id="missing")])
def test_a_suite_without_its_data_says_what_to_do(
    suite: str, given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(program, [suite, *given])

    assert result.exit_code == 2
    assert "--data DIR" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_bench_refuses_a_missing_folder_before_it_measures(tmp_path: Path) -> None:
    result = CliRunner().invoke(program, ["bench", "--data", str(tmp_path / "gone")])

    assert result.exit_code == 2
    assert "gone" in result.stderr


def test_shares_of_a_row_come_with_counts_where_they_are_known() -> None:
    rows = [
        {"set": "small talk", "n": 20, "right": 0.95, "wrong": ["hm"], "ms": 3.14},
        {"set": "pii", "n": 7, "f2": 0.9, "f2 95 %": (0.8, 0.95)},
        {"set": "far", "calibration error": 0.02},
    ]

    cells = [each for row in rows for each in row_cells(row)]

    assert cells == [
        ("small talk: right", "95.0%", "76.4% to 99.1%", "19 of 20"),
        ("small talk: ms", "3.1 ms", "", "20"),
        ("pii: f2", "90.0%", "80.0% to 95.0%", "7"),
        ("far: calibration error", "2.0%", "", ""),
    ]
