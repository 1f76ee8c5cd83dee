"""JSON Lines as a source of documents: one record `{"id", "title", "text"}` a line, `url` if it has one."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from app.ingest.items import Found, Item, Problem, too_large

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
        """Read the records in their order. A bad line is a problem; the next is read all the same."""
        seen: set[str] = set()
        try:
            for number, line in self._lines():
                item = line if isinstance(line, Problem) else _record(number, line)
                if isinstance(item, Item):
                    if item.path in seen:
                        item = Problem(item.path, f"Line {number}: an earlier record has this id, too.")
                    seen.add(item.path)
                if item is not None:
                    yield item
        except OSError as error:
            yield Problem(self.name, f"The file cannot be read: {error.strerror}.", conceals=True)

    def covers(self, path: str) -> bool:
        """Every record of a file. A stream may bring only some: what it does not bring is not gone."""
        return isinstance(self.file, Path)

    def _lines(self) -> Iterator[tuple[int, bytes | Problem]]:
        if isinstance(self.file, Path):
            with self.file.open("rb") as stream:
                yield from self._lines_of(stream)
        else:
            yield from self._lines_of(self.file)

    def _lines_of(self, stream: BinaryIO) -> Iterator[tuple[int, bytes | Problem]]:
        number = 0
        while line := stream.readline(self.max_bytes + 1):
            number += 1
            size = len(line)
            if size <= self.max_bytes:
                yield number, line
                continue
            while not line.endswith(b"\n") and (line := stream.readline(self.max_bytes)):
                size += len(line)
            yield number, Problem(f"line {number}", too_large(size, self.max_bytes), conceals=True)


def _record(number: int, line: bytes) -> Item | Problem | None:
    if not line.strip():
        return None
    where = f"line {number}"
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError):
        return Problem(where, "The line is not valid JSON.", conceals=True)
    if not isinstance(record, dict):
        return Problem(where, "The line is not a JSON object.", conceals=True)
    key = record.get("id")
    if isinstance(key, bool) or not isinstance(key, str | int) or not _storable(str(key)) or not str(key).strip():
        return Problem(where, "The record has no `id`.", conceals=True)
    path = str(key)
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
