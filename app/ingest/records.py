"""JSON Lines as a source of documents: one record `{"id", "title", "text"}` a line, `url` if it has one."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from app.ingest.items import EVERYTHING, Found, Item, Problem, too_large

RECORDS = ".jsonl"
MOST_LINES = 2_000_000
MOST_FAULTS = 1000
"""Lines of a file that may be bad before it is taken for something else: a small zip can hold millions."""
STANDARD_INPUT = "standard input"


@dataclass(frozen=True, slots=True)
class RecordSource:
    """The records of a file or stream, stored by their ids."""

    file: Path | BinaryIO
    max_bytes: int
    label: str | None = None

    @property
    def name(self) -> str:
        """The file's path, unless it was given another name."""
        if self.label:
            return self.label
        return str(self.file.resolve()) if isinstance(self.file, Path) else STANDARD_INPUT

    def items(self) -> Iterator[Found]:
        """Read the records in their order."""
        try:
            if isinstance(self.file, Path):
                with self.file.open("rb") as stream:
                    yield from read_records(stream, self.max_bytes)
            else:
                yield from read_records(self.file, self.max_bytes)
        except OSError as error:
            yield Problem(self.name, f"The file cannot be read: {error.strerror}.", conceals=EVERYTHING)

    def covers(self, path: str) -> bool:
        """Every record of a file. A stream may bring only some: what it does not bring is not gone."""
        return isinstance(self.file, Path)


def read_records(stream: BinaryIO, max_bytes: int, place: str = "") -> Iterator[Found]:
    """Read records in their order. A bad line is a problem; the next is read all the same.

    Args:
        stream: the lines.
        max_bytes: a longer line is refused, and never held.
        place: what the records' paths begin with, before their ids.

    Raises:
        OSError: the stream cannot be read on; what kind of stream it is may add others.
    """
    seen: set[str] = set()
    faults = 0
    for number, line in _lines(stream, max_bytes, place):
        if number > MOST_LINES or faults > MOST_FAULTS:
            much = f"more than {MOST_LINES} lines" if number > MOST_LINES else f"more than {MOST_FAULTS} bad lines"
            yield Problem(f"{place}line {number}", f"The file has {much}; the rest was not read.", conceals=place)
            return
        item = line if isinstance(line, Problem) else _record(number, line, place)
        if isinstance(item, Item):
            if item.path in seen:
                item = Problem(item.path, f"Line {number}: an earlier record has this id, too.")
            seen.add(item.path)
        faults += isinstance(item, Problem)
        if item is not None:
            yield item


def _lines(stream: BinaryIO, max_bytes: int, place: str) -> Iterator[tuple[int, bytes | Problem]]:
    number = 0
    while line := stream.readline(max_bytes + 1):
        number += 1
        size = len(line)
        if size <= max_bytes:
            yield number, line
            continue
        while not line.endswith(b"\n") and (line := stream.readline(max_bytes)):
            size += len(line)
        yield number, Problem(f"{place}line {number}", too_large(size, max_bytes), conceals=place)


def _record(number: int, line: bytes, place: str) -> Item | Problem | None:
    if not line.strip():
        return None
    where = f"{place}line {number}"
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError):
        return Problem(where, "The line is not valid JSON.", conceals=place)
    if not isinstance(record, dict):
        return Problem(where, "The line is not a JSON object.", conceals=place)
    key = record.get("id")
    if isinstance(key, bool) or not isinstance(key, str | int) or not _storable(str(key)) or not str(key).strip():
        return Problem(where, "The record has no `id`.", conceals=place)
    path = f"{place}{key}"
    title, text, url = record.get("title") or "", record.get("text"), record.get("url") or None
    if not isinstance(text, str) or not text.strip():
        return Problem(path, f"Line {number}: the record has no `text`.")
    if not isinstance(title, str) or not (url is None or isinstance(url, str)):
        return Problem(path, f"Line {number}: `title` and `url` must be strings.")
    if not _storable(title + text + (url or "")):
        return Problem(path, f"Line {number}: the record holds characters that are not text.")
    if url is not None and not url.startswith(("https://", "http://")):
        return Problem(path, f"Line {number}: `url` must begin with https:// or http://.")
    content = "\x00".join((title, url or "", text))
    return Item(path, hashlib.sha256(content.encode()).hexdigest(), text.encode(), None, title, url)


def _storable(text: str) -> bool:
    """Whether PostgreSQL can hold it: no NUL, no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
