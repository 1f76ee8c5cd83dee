"""A zip of documents as a source. It is never unpacked to disk, and no archive within it is opened."""

import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from app.ingest.items import Found, Item, Problem, Skipped, address_below, is_excluded, too_large, unsupported
from app.ingest.records import RECORDS, read_records
from app.ingest.zip_directory import MOST_FILES, directory_fault
from graph.knowledge.parse import READABLE

ARCHIVE = ".zip"
UNPACKED_TIMES = 25
"""So many times `max_bytes` all files of an archive may hold together."""
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, ValueError)


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """The readable files in a zip, stored by their paths in it.

    `place` is what their paths begin with: nothing, unless the zip is a file of another source.
    """

    file: Path
    max_bytes: int
    label: str | None = None
    exclude: tuple[str, ...] = ()
    base_url: str | None = None
    place: str = ""

    @property
    def name(self) -> str:
        """The archive's path, unless it was given another name."""
        return self.label or str(self.file.resolve())

    def items(self) -> Iterator[Found]:
        """Read the files in the order of their names. A fault of the whole archive conceals all that it may hold."""
        try:
            with self.file.open("rb") as stream:
                fault = directory_fault(stream)
                if fault is None:
                    with zipfile.ZipFile(stream) as archive:
                        entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
                        fault = self._fault(entries)
                        for entry in entries if fault is None else ():
                            if not entry.is_dir() and not self._passed_over(entry.filename):
                                yield from self._read(archive, entry)
        except _BROKEN:
            fault = "The archive is broken; pack it anew."
        if fault is not None:
            yield Problem(self.place.rstrip("/") or self.file.name, fault, conceals=self.place)

    def covers(self, path: str) -> bool:
        """Every file of the archive."""
        return path.startswith(self.place)

    def _fault(self, entries: Sequence[zipfile.ZipInfo]) -> str | None:
        if len(entries) > MOST_FILES:
            return f"The archive holds {len(entries)} files; pack at most {MOST_FILES} in one."
        if len({entry.filename for entry in entries}) < len(entries):
            return "The archive holds two files of one name; pack it anew."
        total = sum(entry.file_size for entry in entries)
        most = self.max_bytes * UNPACKED_TIMES
        if total > most:
            return f"The archive unpacks to {total / 1e6:.0f} MB, more than {most / 1e6:.0f} MB."
        placed = sorted(entries, key=lambda entry: entry.header_offset)
        for entry, following in pairwise(placed):
            if entry.header_offset + entry.compress_size > following.header_offset:
                return "The archive's files lie over one another, as in a bomb; pack it anew."
        return None

    def _passed_over(self, name: str) -> bool:
        parts = PurePosixPath(name).parts
        hidden = any(part.startswith((".", "__MACOSX")) and not part.startswith("..") for part in parts)
        return hidden or is_excluded(self.place + name, self.exclude)

    def _read(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[Found]:
        """What an entry holds, or why it is not read."""
        path = self.place + entry.filename
        suffix = PurePosixPath(entry.filename).suffix.lower()
        if _leads_out(entry.filename):
            yield Problem(path.replace("\x00", "?"), "The path leads out of the archive.")
        elif reason := _unwanted(entry, suffix):
            yield Skipped(path, reason)
        elif reason := _closed(entry):
            yield Problem(path, reason)
        elif suffix == RECORDS:
            yield from self._records(archive, entry)
        else:
            yield self._file(archive, entry)

    def _records(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[Found]:
        place = f"{self.place}{entry.filename}/"
        try:
            with archive.open(entry) as stream:
                yield from read_records(cast(BinaryIO, stream), self.max_bytes, place)
        except _BROKEN:
            yield Problem(place.rstrip("/"), "The file is broken in the archive; pack it anew.", conceals=place)

    def _file(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Item | Problem:
        path = self.place + entry.filename
        size = entry.file_size
        data = b""
        if size <= self.max_bytes:
            try:
                with archive.open(entry) as stream:
                    data = stream.read(self.max_bytes + 1)
            except _BROKEN:
                return Problem(path, "The file is broken in the archive; pack it anew.")
            size = len(data)
        if size > self.max_bytes:
            return Problem(path, too_large(size, self.max_bytes))
        url = address_below(self.base_url, entry.filename)
        return Item(path, hashlib.sha256(data).hexdigest(), data, path, url=url)


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or "\x00" in name


def _unwanted(entry: zipfile.ZipInfo, suffix: str) -> str | None:
    """Why an entry is passed over."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "Links are not followed."
    if suffix == ARCHIVE:
        return "An archive within an archive is not opened; put it beside that one."
    return None if suffix in READABLE or suffix == RECORDS else unsupported(suffix)


def _closed(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry cannot be opened."""
    if entry.flag_bits & _ENCRYPTED:
        return "The file is locked with a password; pack it without one."
    if entry.compress_type not in _METHODS:
        return "The file is packed in a way that is not read; pack it as an ordinary zip."
    return None
