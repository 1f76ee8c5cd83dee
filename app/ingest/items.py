"""What an ingestion works through: documents to be, and what could not become one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


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


class Source(Protocol):
    """A place that holds documents."""

    @property
    def name(self) -> str:
        """What its documents are stored under."""
        ...

    def items(self) -> Iterator[Item | Problem | Skipped]:
        """Read the items one by one. Blocks: take each in a thread."""
        ...

    def covers(self, path: str) -> bool:
        """Whether a stored document of this path is gone when `items` does not bring it."""
        ...


def too_large(size_bytes: int, limit_bytes: int) -> str:
    """Say that a document is larger than the settings allow."""
    size, limit = f"{size_bytes / 1e6:.1f} MB", f"{limit_bytes / 1e6:.1f} MB"
    return f"It is larger ({size}) than `knowledge.max_document_bytes` allows ({limit})."
