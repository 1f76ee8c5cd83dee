"""Saying what happens, running programs, and failing in one sentence."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
LOG = BUILD / "bootstrap.log"
LAST_LINES = 15


class StepFailed(Exception):
    """A step of the installation cannot be done; the message is a sentence that says what to do."""


def say(sentence: str) -> None:
    """Write one line to standard error, where it does not mix with what a command prints."""
    print(f"parley: {sentence}", file=sys.stderr, flush=True)


def run(arguments: Sequence[str | Path], *, doing: str, environ: Mapping[str, str] | None = None) -> None:
    """Run a program in the root of the project; what it writes goes to the log only.

    Raises:
        StepFailed: it cannot be started, or its exit code is not 0; the log's last lines have been shown.
    """
    BUILD.mkdir(exist_ok=True)
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n--- {doing}\n")
        log.flush()
        try:
            done = subprocess.run(
                [str(argument) for argument in arguments],
                cwd=ROOT,
                env={**os.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError as error:
            raise StepFailed(f"{doing} failed: {error}.") from None
    if done.returncode != 0:
        raise failed(doing)


def succeeds(arguments: Sequence[str | Path]) -> bool:
    """Whether a program, run in the root of the project, leaves with exit code 0. What it writes is not kept."""
    words = [str(argument) for argument in arguments]
    done = subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def failed(doing: str) -> StepFailed:
    """Show the end of the log, and return the error to raise."""
    lines = LOG.read_text(encoding="utf-8", errors="replace").splitlines()
    print("\n".join(f"  | {line}" for line in lines[-LAST_LINES:]), file=sys.stderr)
    return StepFailed(f"{doing} failed; mend what the lines above say (all of them are in {LOG}) and run it again.")
