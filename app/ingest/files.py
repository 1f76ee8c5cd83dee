"""Files and folders as sources of documents. Links and hidden files are never followed."""

import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.ingest.archive import ARCHIVE, ArchiveSource
from app.ingest.items import (
    EVERYTHING,
    Found,
    Item,
    Problem,
    Skipped,
    Source,
    address_below,
    is_excluded,
    too_large,
    unsupported,
)
from app.ingest.records import RECORDS, RecordSource, read_records
from graph.knowledge.parse import READABLE

_HOLD_MANY = frozenset({ARCHIVE, RECORDS})
"""Files of these kinds hold documents, which are stored below the file's own path."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """The readable files at and below `start`, stored by their paths relative to `root`.

    `root` is `start` itself, the folder of a single file, or a folder above that was ingested before. `apart` names
    the site's sources: a zip or file of records that is one is left to that.
    """

    root: Path
    start: Path
    max_bytes: int
    label: str | None = None
    exclude: tuple[str, ...] = ()
    base_url: str | None = None
    apart: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The root folder, unless it was given another name."""
        return self.label or str(self.root)

    def items(self) -> Iterator[Found]:
        """Read the files in the order of their names."""
        if self.start.is_file():
            for item in self._read(self.start):  # it was asked for by name
                whole = item.path == _relative(self.start, self.root)
                yield Problem(item.path, item.reason) if isinstance(item, Skipped) and whole else item
            return
        found = False
        for path in self._walk(self.start):
            for item in [path] if isinstance(path, Problem) else self._read(path):
                found = found or isinstance(item, Item)
                yield item
        if not found:
            place = _relative(self.start, self.root) + "/"
            reason = "The folder holds no document that can be read."
            yield Problem(place, reason, conceals=EVERYTHING if self.start == self.root else place)

    def covers(self, path: str) -> bool:
        """Everything below the start."""
        if self.start == self.root:
            return True
        return path.startswith(_relative(self.start, self.root) + "/")

    def _walk(self, folder: Path) -> Iterator[Path | Problem]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            place = "" if folder == self.root else _relative(folder, self.root) + "/"
            yield Problem(place or "./", f"The folder cannot be read: {error.strerror}.", conceals=place)
            return
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            path = folder / entry.name
            if is_excluded(_relative(path, self.root), self.exclude):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(path)
            else:
                yield path

    def _read(self, path: Path) -> Iterator[Found]:
        name = _relative(path, self.root)
        try:
            name.encode()
        except UnicodeEncodeError:
            yield Problem(name.encode(errors="replace").decode(), "The file's name is not UTF-8.")
            return
        try:
            yield from self._found(path, name)
        except OSError as error:
            within = f"{name}/" if path.suffix.lower() in _HOLD_MANY else None
            yield Problem(name, f"The file cannot be read: {error.strerror}.", conceals=within)

    def _found(self, path: Path, name: str) -> Iterator[Found]:
        suffix = path.suffix.lower()
        if str(path) in self.apart:
            yield Skipped(name, "It is a source of its own; ingest it by its own name.")
        elif suffix not in READABLE | _HOLD_MANY:
            yield Skipped(name, unsupported(suffix))
        elif not stat.S_ISREG(path.stat().st_mode):
            yield Skipped(name, "It is not a regular file.")
        elif suffix == ARCHIVE:
            yield from ArchiveSource(path, self.max_bytes, exclude=self.exclude, place=f"{name}/").items()
        elif suffix == RECORDS:
            with path.open("rb") as stream:
                yield from read_records(stream, self.max_bytes, f"{name}/")
        else:
            yield self._file(path, name)

    def _file(self, path: Path, name: str) -> Item | Problem:
        size = path.stat().st_size
        if size > self.max_bytes:
            return Problem(name, too_large(size, self.max_bytes))
        data = path.read_bytes()
        return Item(name, hashlib.sha256(data).hexdigest(), data, name, url=address_below(self.base_url, name))


@dataclass(frozen=True, slots=True)
class Given:
    """How the files and folders of an ingestion are to be taken.

    Attributes:
        max_bytes: larger documents are refused.
        label: a name for the source that does not depend on where it lies.
        exclude: patterns such as `drafts` or `*/old-*.md` of relative paths that are passed over.
        base_url: where the files of folders and zips can be read by their paths.
    """

    max_bytes: int
    label: str | None = None
    exclude: tuple[str, ...] = ()
    base_url: str | None = None


def source_at(path: Path, known: Collection[str], given: Given) -> Source:
    """Return the source for a file or folder.

    What lies below a folder that is a source already belongs to that source, so that nothing is stored twice; a zip or
    file of records does not where it is a source of its own already.

    Args:
        path: the file or folder; it exists.
        known: names of the site's sources.
        given: how it is to be taken.
    """
    start = path.resolve()
    root = start if start.is_dir() else start.parent
    above = next((str(each) for each in reversed((root, *root.parents)) if str(each) in known), None)
    kind = start.suffix.lower() if start.is_file() else ""
    alone = given.label is not None or above is None or str(start) in known
    if kind == RECORDS and alone:
        return RecordSource(path, given.max_bytes, given.label)
    if kind == ARCHIVE and alone:
        return ArchiveSource(path, given.max_bytes, given.label, given.exclude, given.base_url)
    if given.label is None and above is not None:
        root = Path(above)
    return FileSource(root, start, given.max_bytes, given.label, given.exclude, given.base_url, frozenset(known))


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path != root else "."
