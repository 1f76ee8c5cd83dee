"""`parley ingest --watch`, in a process of its own."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.cli.conftest import Parley

# Tests that run in the background of a shell are started with this signal ignored, and so is what they start.
PARLEY = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from app.cli import main; main()"


def test_what_changes_in_a_folder_is_ingested(parley: Parley, tmp_path: Path) -> None:
    assert parley("migrate").code == 0
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "hours.md").write_text("# Hours\n\nWe open at nine.\n", encoding="utf-8")
    command = [sys.executable, "-c", PARLEY, "ingest", "--watch", str(folder)]
    root = str(Path(__file__).parents[3])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": root}, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("1 added, 0 changed")
            for number in range(100):  # the system may tell of changes a moment later than the line was printed
                (folder / "new.md").write_text(f"# New {number}\n\nParcels take {number} days.\n", encoding="utf-8")
                if _soon(process):
                    break
            assert process.stdout.readline().startswith(("1 added, 0 changed, 1 unchanged", "0 added, 1 changed"))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            finally:
                process.kill()  # or leaving would wait for ever
    assert process.returncode == 130


def _soon(process: "subprocess.Popen[str]") -> bool:
    assert process.stdout is not None
    return bool(select.select([process.stdout], [], [], 3)[0])


@pytest.mark.parametrize("arguments", [["--jsonl", "-"], ["nowhere"]])
def test_what_cannot_be_watched_is_refused(parley: Parley, arguments: list[str]) -> None:
    ran = parley("ingest", "--watch", *arguments)

    assert (ran.code, "can be watched" in ran.err) == (2, True)
