"""A zip of documents as a source. It is never unpacked to disk, and no archive within it is opened."""

import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path, PurePosixPath

from app.ingest.items import Found, Item, Problem, Skipped, too_large
from graph.knowledge.parse import READABLE

ARCHIVE = ".zip"
MOST_FILES = 50_000
UNPACKED_TIMES = 25
"""So many times `max_bytes` all files of an archive may hold together."""
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """The readable files in a zip, stored by their paths in it."""

    file: Path
    max_bytes: int
    label: str | None = None
    exclude: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The archive's path, unless it was given another name."""
        return self.label or str(self.file.resolve())

    def items(self) -> Iterator[Found]:
        """Read the files in the order of their names."""
        try:
            with zipfile.ZipFile(self.file) as archive:
                entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
                fault = self._fault(entries)
                if fault:
                    yield Problem(self.file.name, fault, conceals=True)
                    return
                for entry in entries:
                    if not entry.is_dir() and not self._passed_over(entry.filename):
                        yield self._read(archive, entry)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
            yield Problem(self.file.name, "The archive is broken; pack it anew.", conceals=True)

    def covers(self, path: str) -> bool:
        """Every file of the archive."""
        return True

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
        return hidden or any(fnmatchcase(name, pattern) for pattern in self.exclude)

    def _read(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Item | Problem | Skipped:
        name = entry.filename
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\x00" in name:
            return Problem(name.replace("\x00", "?"), "The path leads out of the archive.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            return Skipped(name, "Links are not followed.")
        suffix = path.suffix.lower()
        if suffix == ARCHIVE:
            return Skipped(name, "An archive within an archive is not opened.")
        if suffix not in READABLE:
            kind = f"of type {suffix}" if suffix else "without a suffix"
            return Skipped(name, f"Files {kind} are not supported yet.")
        if entry.flag_bits & _ENCRYPTED:
            return Problem(name, "The file is locked with a password; pack it without one.")
        if entry.compress_type not in _METHODS:
            return Problem(name, "The file is packed in a way that is not read; pack it as an ordinary zip.")
        if entry.file_size > self.max_bytes:
            return Problem(name, too_large(entry.file_size, self.max_bytes))
        try:
            with archive.open(entry) as stream:
                data = stream.read(self.max_bytes + 1)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError):
            return Problem(name, "The file is broken in the archive; pack it anew.")
        if len(data) > self.max_bytes:
            return Problem(name, too_large(len(data), self.max_bytes))
        return Item(name, hashlib.sha256(data).hexdigest(), data, name)
