"""A large ingestion: a folder of thousands of files through `parley ingest`, and what each process takes meanwhile."""

import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from app.guide import GUIDE
from evals.bench.figure import Figure
from evals.bench.memory import PROC, family, kind_of
from evals.bench.served import environment

SECTIONS = 5
"""Of each file; each section is one passage."""
SENTENCES = (3, 5)
WORDS = (8, 12)
A_FOLDER = 500
"""Files of one folder."""
SAMPLE_S = 2.0
PROGRAM = "parley ingest"
MOST_GROWTH = 1.1
MOST_MIB = 640.0
"""Of the command, however many files there are: the encoder and the screen take about 500."""
_WORD = re.compile(r"[a-z]{2,12}")
_STATUS = re.compile(r"^(VmHWM|VmRSS):\s+(\d+) kB", re.MULTILINE)
_WRITTEN = re.compile(r"(\d+) passages written")


@dataclass(slots=True)
class Watched:
    """Peak of each kind of process, and the resident memory of the command itself over time, in MiB."""

    peaks: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    course: list[float] = field(default_factory=list)

    def look(self, pid: int, home: Path) -> None:
        """Read what the processes take now. Pages that PostgreSQL's processes share count for each of them."""
        for each in family(pid, home):
            try:
                found = dict(_STATUS.findall((PROC / str(each) / "status").read_text(encoding="utf-8")))
            except OSError:
                continue
            if found:
                kind = PROGRAM if each == pid else kind_of(each)
                self.peaks[kind] = max(self.peaks[kind], int(found["VmHWM"]) / 1024)
                if each == pid:
                    self.course.append(int(found["VmRSS"]) / 1024)

    @property
    def growth(self) -> float:
        """The most of the last two thirds against the most of the first."""
        third = len(self.course) // 3
        return max(self.course[third:], default=float("nan")) / max(self.course[:third], default=float("nan"))


def measure_large_ingest(files: int, *, seed: int = 1) -> list[Figure]:
    """Write files of five passages each and ingest them into a database of their own, then once more.

    Raises:
        subprocess.CalledProcessError: the command failed; it has said why.
    """
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        home, documents = Path(folder) / "home", Path(folder) / "documents"
        home.mkdir()
        write_files(documents, files, Random(seed))
        first, passages, took_s = _ingested(home, documents)
        second, written, again_s = _ingested(home, documents)
    what = f"ingestion of {files} files, {passages} passages"
    return [
        Figure(what, passages / took_s, "passages/s", 30, least=True),
        Figure("all of it", took_s / 60, "min"),
        Figure("memory after the first third against that before", first.growth, "times", MOST_GROWTH),
        *(peak_figure(kind, peak) for kind, peak in sorted(first.peaks.items())),
        Figure("the same again, nothing changed", again_s, "s"),
        Figure("passages that it wrote", written, "passages", 0),
        Figure(f"{PROGRAM}, at most, nothing changed", second.peaks[PROGRAM], "MiB", MOST_MIB),
    ]


def peak_figure(kind: str, peak: float) -> Figure:
    """The most that a kind of process took, in MiB. Only the command itself has a bound."""
    return Figure(f"{kind}, at most", peak, "MiB", MOST_MIB if kind == PROGRAM else None)


def write_files(folder: Path, files: int, random: Random) -> None:
    """Write Markdown files of made sentences, out of the words of the guide; the same for the same seed."""
    words = sorted(set(_WORD.findall(" ".join(path.read_text("utf-8") for path in sorted(GUIDE.rglob("*.md"))))))
    for number in range(files):
        path = folder / f"part-{number // A_FOLDER:03}" / f"{number:06}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        sections = [f"## {_phrase(random, words, 4)}\n\n{_text(random, words)}" for _ in range(SECTIONS)]
        path.write_text(f"# {_phrase(random, words, 3)} {number}\n\n" + "\n\n".join(sections) + "\n", encoding="utf-8")


def _text(random: Random, words: list[str]) -> str:
    return " ".join(f"{_phrase(random, words, random.randint(*WORDS))}." for _ in range(random.randint(*SENTENCES)))


def _phrase(random: Random, words: list[str], count: int) -> str:
    return " ".join(random.choices(words, k=count)).capitalize()


def _ingested(home: Path, documents: Path) -> tuple[Watched, int, float]:
    """Run the command and watch it; return also the passages that it wrote and the seconds that it took."""
    command = [str(Path(sys.executable).with_name("parley")), "ingest", str(documents)]
    watched = Watched()
    began = time.perf_counter()
    # Its output is one line and a few names: no pipe fills up.
    with subprocess.Popen(  # noqa: S603 - our own command, from a list of arguments
        command, cwd=home, env=environment(home), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None:
            watched.look(process.pid, home)
            try:
                process.wait(SAMPLE_S)
            except subprocess.TimeoutExpired:
                continue
        took_s = time.perf_counter() - began
        said = process.stdout.read() if process.stdout else ""
    found = _WRITTEN.search(said)
    if process.returncode or found is None:
        raise subprocess.CalledProcessError(process.returncode or 1, command, said)
    return watched, int(found[1]), took_s
