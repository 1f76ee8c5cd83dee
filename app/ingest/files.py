"""Files and folders as sources of documents. Links and hidden files are never followed."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from app.ingest.archive import ARCHIVE
from app.ingest.items import Found, Item, Problem, Skipped, too_large
from graph.knowledge.parse import READABLE

RECORDS = ".jsonl"


@dataclass(frozen=True, slots=True)
class FileSource:
    """The readable files at and below `start`, stored by their paths relative to `root`.

    `root` is `start` itself, the folder of a single file, or a folder above that was ingested before.
    """

    root: Path
    start: Path
    max_bytes: int
    label: str | None = None
    exclude: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The root folder, unless it was given another name."""
        return self.label or str(self.root)

    def items(self) -> Iterator[Found]:
        """Read the files in the order of their names."""
        if self.start.is_file():
            item = self._read(self.start)
            yield Problem(item.path, item.reason) if isinstance(item, Skipped) else item  # it was asked for by name
            return
        found = False
        for each in self._walk(self.start):
            item = each if isinstance(each, Problem) else self._read(each)
            found = found or isinstance(item, Item)
            yield item
        if not found:
            reason = "The folder holds no document that can be read."
            yield Problem(_relative(self.start, self.root) + "/", reason, conceals=True)

    def covers(self, path: str) -> bool:
        """Everything below the start."""
        if self.start == self.root:
            return True
        return path.startswith(_relative(self.start, self.root) + "/")

    def _walk(self, folder: Path) -> Iterator[Path | Problem]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield Problem(_relative(folder, self.root) + "/", f"The folder cannot be read: {error.strerror}.")
            return
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            path = folder / entry.name
            if any(fnmatchcase(_relative(path, self.root), pattern) for pattern in self.exclude):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(path)
            else:
                yield path

    def _read(self, path: Path) -> Item | Problem | Skipped:
        name = _relative(path, self.root)
        try:
            name.encode()
        except UnicodeEncodeError:
            return Problem(name.encode(errors="replace").decode(), "The file's name is not UTF-8.")
        suffix = path.suffix.lower()
        if suffix == RECORDS:
            return Skipped(name, "Give a file of records by its own name to ingest its records.")
        if suffix == ARCHIVE:
            return Skipped(name, "Give an archive by its own name to ingest what it holds.")
        if suffix not in READABLE:
            kind = f"of type {suffix}" if suffix else "without a suffix"
            return Skipped(name, f"Files {kind} are not supported yet.")
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return Skipped(name, "It is not a regular file.")
            if status.st_size > self.max_bytes:
                return Problem(name, too_large(status.st_size, self.max_bytes))
            data = path.read_bytes()
        except OSError as error:
            return Problem(name, f"The file cannot be read: {error.strerror}.")
        return Item(name, hashlib.sha256(data).hexdigest(), data, name)


def file_source(
    path: Path, known: Sequence[str], max_bytes: int, label: str | None = None, exclude: Sequence[str] = ()
) -> FileSource:
    """Return the source for a file or folder.

    What lies below a folder that is a source already belongs to that source, so that nothing is stored twice.

    Args:
        path: the file or folder; it exists.
        known: names of the site's sources.
        max_bytes: larger files are refused.
        label: a name for the source that does not depend on where it lies.
        exclude: patterns such as `drafts` or `*/old-*.md` of relative paths that are passed over.
    """
    start = path.resolve()
    root = start if start.is_dir() else start.parent
    if label is None:
        root = next((above for above in reversed((root, *root.parents)) if str(above) in known), root)
    return FileSource(root, start, max_bytes, label, tuple(exclude))


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path != root else "."
