"""What an ingestion works through: documents to be, and what could not become one."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import quote

EVERYTHING = ""
"""What the paths of all documents of a source begin with."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave with a page, to ask it later whether the page has changed."""

    etag: str | None = None
    modified: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that ask so."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Item:
    """A file or record. `digest` changes when its content does.

    A file's `name` says how `data` is to be read. A record has none: its data are Markdown, beside its title. What a
    document says itself of its address goes before `url`.
    """

    path: str
    digest: str
    data: bytes
    name: str | None = None
    title: str = ""
    url: str | None = None
    validators: Validators | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A file, folder or line that cannot be read.

    It `conceals` the documents whose paths begin so: none of them may be taken for gone. `EVERYTHING` begins all paths.
    """

    path: str
    reason: str
    conceals: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not read on purpose."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A page that is as it was stored, as its server says."""

    path: str


Found = Item | Problem | Skipped | Unchanged


class Source(Protocol):
    """A place that holds documents."""

    @property
    def name(self) -> str:
        """What its documents are stored under."""
        ...

    def items(self) -> Iterator[Found]:
        """Read the items one by one. Blocks: take each in a thread."""
        ...

    def covers(self, path: str) -> bool:
        """Whether a stored document of this path is gone when `items` does not bring it."""
        ...


class AsyncSource(Protocol):
    """A place that holds documents and is waited for."""

    @property
    def name(self) -> str:
        """What its documents are stored under."""
        ...

    def items(self) -> AsyncIterator[Found]:
        """Fetch the items one by one."""
        ...

    def covers(self, path: str) -> bool:
        """Whether a stored document of this path is gone when `items` does not bring it."""
        ...


def too_large(size_bytes: int, limit_bytes: int) -> str:
    """Say that a document is larger than the settings allow."""
    size, limit = f"{size_bytes / 1e6:.1f} MB", f"{limit_bytes / 1e6:.1f} MB"
    return f"It is larger ({size}) than `knowledge.max_document_bytes` allows ({limit})."


def is_excluded(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a file is to be passed over: a pattern matches its path, or that of a folder above it."""
    above = PurePosixPath(path)
    return any(fnmatchcase(each.as_posix(), pattern) for pattern in patterns for each in (above, *above.parents))


def unsupported(suffix: str) -> str:
    """Say that files with such an ending are passed over."""
    return f"Files {f'of type {suffix}' if suffix else 'without a suffix'} are not supported yet."


def address_below(base_url: str | None, path: str) -> str | None:
    """Where people can read the file of a folder, if the folder is to be read at `base_url`."""
    return None if base_url is None else f"{base_url.rstrip('/')}/{quote(path)}"
