"""Evaluation data: JSON Lines, and the two halves that a set is cut into."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def read_jsonl(path: Path) -> list[Record]:
    """Return the records of a file, in order."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def write_jsonl(path: Path, records: Iterable[Record]) -> None:
    """Write records, one a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def held_out(key: str) -> bool:
    """Whether a record is in the half that nothing is tuned on. The same for the same key, always."""
    return hashlib.sha256(key.encode()).digest()[0] % 2 == 1


def present(data: Path, names: Iterable[str]) -> Iterator[str]:
    """Those of the named sets that the folder has."""
    return (name for name in names if (data / name).is_dir())
