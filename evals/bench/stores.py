"""Other vector stores, run for comparison by an interpreter that the caller names.

It needs the packages `chromadb`, `lancedb` and `numpy`; Parley itself needs none of the first two.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.bench import stores_program
from graph.context import FloatArray

STORES = ("chroma", "lancedb")


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each vector the numbers of the rows found, nearest first, and the milliseconds that it took."""

    rows: list[list[int]]
    ms: list[float]


class Store:
    """A store in a process of its own. Every call blocks."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder = process, folder

    def build(self, texts: Sequence[str], vectors: FloatArray, sites: Sequence[int]) -> float:
        """Store rows with their index; return the seconds that it took.

        Args:
            texts: of the rows, which are numbered from 0.
            vectors: of shape `(len(texts), dimensions)` and unit length.
            sites: a number for each row, to filter by.
        """
        words = self._folder / "texts.json"
        words.write_text(json.dumps(list(texts)), encoding="utf-8")
        numbers = self._folder / "sites.npy"
        np.save(numbers, np.asarray(sites, dtype=np.int64))
        request = {"do": "build", "texts": str(words), "sites": str(numbers)}
        return float(self._ask(request, vectors)["s"])

    def query(self, vectors: FloatArray, *, site: int | None = None, limit: int = 10) -> Nearest:
        """Look for the rows nearest to each vector, among those of a site or all."""
        found = self._ask({"do": "query", "site": site, "limit": limit}, vectors)
        return Nearest(found["found"], found["ms"])

    def _ask(self, request: dict[str, Any], vectors: FloatArray) -> dict[str, Any]:
        file = self._folder / "vectors.npy"
        np.save(file, vectors.astype(np.float32))
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - both are pipes
        self._process.stdin.write(json.dumps(request | {"vectors": str(file)}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ChildProcessError("The store ended; does the interpreter have chromadb, lancedb and numpy?")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def open_store(interpreter: Path, name: str) -> Iterator[Store]:
    """Start one of `STORES`, empty and in a folder of its own, and end it."""
    with tempfile.TemporaryDirectory(prefix="parley-store-") as folder:
        program = [str(interpreter), str(stores_program.__file__), name, str(Path(folder) / "store")]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        process = subprocess.Popen(  # noqa: S603 - the interpreter that the caller names
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        try:
            yield Store(process, Path(folder))
        finally:
            process.kill()
            process.communicate()
