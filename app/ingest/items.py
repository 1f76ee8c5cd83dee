"""What an ingestion works through: documents to be, and what could not become one."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Protocol


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
    """A file, folder or line that cannot be read. A folder's path ends in `/`.

    `conceals` when it may stand for any document of the source, so that none may be taken for gone.
    """

    path: str
    reason: str
    conceals: bool = False


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
