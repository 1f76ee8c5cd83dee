"""Runs in an interpreter that has `chromadb` or `lancedb` and nothing of ours: a vector store behind lines of JSON.

`python stores_program.py STORE FOLDER` reads one request a line and answers each with a line. Vectors and texts go
through files, so that the time measured is the store's.

- `{"do": "build", "vectors": FILE.npy, "texts": FILE.json, "sites": FILE.npy}` stores row `i` as number `i`, with its
  text and its site, and has its index ready: `{"s": SECONDS}`.
- `{"do": "query", "vectors": FILE.npy, "site": NUMBER or null, "limit": NUMBER}` looks for the nearest of each vector,
  one after the other: `{"found": [[NUMBER, …], …], "ms": [NUMBER, …]}`.
"""

import importlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

PIECE = 5000


class Engine(Protocol):
    """A store: both work on unit vectors and compare by the cosine."""

    def build(self, vectors: Any, texts: Sequence[str], sites: Sequence[int]) -> None:
        """Store the rows and their index."""
        ...

    def query(self, vector: Any, site: int | None, limit: int) -> list[int]:
        """Numbers of the nearest rows, the nearest first."""
        ...


class Chroma:
    """Chroma on disk, with its index as it comes."""

    def __init__(self, folder: Path) -> None:
        chroma = importlib.import_module("chromadb")
        settings = importlib.import_module("chromadb.config").Settings(anonymized_telemetry=False)
        client = chroma.PersistentClient(path=str(folder), settings=settings)
        self._rows = client.create_collection("rows", metadata={"hnsw:space": "cosine"}, embedding_function=None)

    def build(self, vectors: Any, texts: Sequence[str], sites: Sequence[int]) -> None:
        """Add the rows piece by piece, as its own limit on one call wants it."""
        for start in range(0, len(vectors), PIECE):
            part = range(start, min(start + PIECE, len(vectors)))
            self._rows.add(
                ids=[str(row) for row in part],
                embeddings=vectors[start : part.stop],
                documents=list(texts[start : part.stop]),
                metadatas=[{"site": int(sites[row])} for row in part],
            )

    def query(self, vector: Any, site: int | None, limit: int) -> list[int]:
        """Numbers of the nearest rows, the nearest first."""
        only = {} if site is None else {"where": {"site": site}}
        found = self._rows.query(query_embeddings=[vector], n_results=limit, include=["documents"], **only)
        return [int(row) for row in found["ids"][0]]


class Lance:
    """LanceDB on disk, with its graph index and an index on the site."""

    def __init__(self, folder: Path) -> None:
        self._store = importlib.import_module("lancedb").connect(str(folder))
        self._index = importlib.import_module("lancedb.index")
        self._arrow = importlib.import_module("pyarrow")
        self._table: Any = None

    def build(self, vectors: Any, texts: Sequence[str], sites: Sequence[int]) -> None:
        """Write the rows, then both indexes."""
        arrow, size = self._arrow, vectors.shape[1]
        nested = arrow.FixedSizeListArray.from_arrays(arrow.array(vectors.reshape(-1), arrow.float32()), size)
        columns = {"row": list(range(len(vectors))), "site": list(map(int, sites)), "text": list(texts)}
        self._table = self._store.create_table("rows", arrow.table(columns | {"vector": nested}))
        self._table.create_index("site", config=self._index.BTree())
        self._table.create_index("vector", config=self._index.HnswSq(distance_type="cosine"))

    def query(self, vector: Any, site: int | None, limit: int) -> list[int]:
        """Numbers of the nearest rows, the nearest first; the site is applied before the search."""
        search = self._table.search(vector).limit(limit).select(["row", "text", "_distance"])
        if site is not None:
            search = search.where(f"site = {site}", prefilter=True)
        return [int(row) for row in search.to_arrow()["row"].to_pylist()]


def answer(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks for."""
    vectors = np.load(request["vectors"])
    if request["do"] == "build":
        texts = json.loads(Path(request["texts"]).read_text(encoding="utf-8"))
        sites = np.load(request["sites"]).tolist()
        began = time.perf_counter()
        engine.build(vectors, texts, sites)
        return {"s": time.perf_counter() - began}
    found, took_ms = [], []
    for vector in vectors:
        began = time.perf_counter()
        found.append(engine.query(vector, request["site"], request["limit"]))
        took_ms.append((time.perf_counter() - began) * 1000)
    return {"found": found, "ms": took_ms}


def main() -> None:
    """Answer until the input ends."""
    name, folder = sys.argv[1:]
    engine: Engine = Chroma(Path(folder)) if name == "chroma" else Lance(Path(folder))
    for line in sys.stdin:
        print(json.dumps(answer(engine, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
