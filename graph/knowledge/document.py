"""A document as it was read: its title, its address, and its sections in order."""

from dataclasses import dataclass
from typing import Literal

from graph.errors import ParleyError

BlockKind = Literal["text", "list", "code", "table"]


class ParseError(ParleyError):
    """The document cannot be read; check that its content is what its name says."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, code block or table: the smallest piece that is better not cut. `text` is Markdown."""

    kind: BlockKind
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between two headings. `path` holds the headings above it, outermost first, without the title.

    `page` counts from 1, where the document has pages.
    """

    path: tuple[str, ...]
    blocks: tuple[Block, ...]
    page: int | None = None

    def without_title(self, title: str) -> "Section":
        """The section with the document's title left out of its headings."""
        if self.path and self.path[0].casefold() == title.casefold():
            return Section(self.path[1:], self.blocks, self.page)
        return self


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document with at least one block of text. `url` is where people can read it."""

    title: str
    url: str | None
    sections: tuple[Section, ...]
