"""Cut a document into passages: by heading first, then by size, between blocks wherever that is possible."""

from collections.abc import Iterator
from dataclasses import dataclass

from graph.knowledge.cut import Count, cut_block
from graph.knowledge.document import Block, ParsedDocument, Section
from graph.knowledge.plain import plain_text

SEPARATOR = " > "
TINY_SHARE = 0.1
"""A section shorter than this share of a chunk is joined to what follows it below its heading."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage. `path` holds its headings, the document's title first; `text` is Markdown; `page` counts from 1."""

    path: tuple[str, ...]
    text: str
    page: int | None = None

    @property
    def heading(self) -> str:
        """The headings in one line, the document's title first."""
        return SEPARATOR.join(self.path)

    @property
    def above(self) -> str:
        """The headings with a line each, the document's title first."""
        return "\n".join(dict.fromkeys(self.path))

    @property
    def embedded(self) -> str:
        """What the encoder is given: a passage is found by what stands above it, too."""
        return "\n".join(part for part in (self.heading, plain_text(self.text)) if part)


def split(document: ParsedDocument, *, chunk_tokens: int, count: Count) -> list[Chunk]:
    """Cut a document into chunks in reading order.

    A chunk's embedded text takes about `chunk_tokens` at most, more only if its headings take over half of them.
    Lists, tables and code are kept whole where they fit, and are cut between lines where they do not.

    Args:
        document: what to cut.
        chunk_tokens: longest chunk, headings included.
        count: counts the tokens of a text, without a bound.
    """

    def size(markdown: str) -> int:
        return count(plain_text(markdown))

    chunks = []
    for section in _join_tiny(document.sections, chunk_tokens, size):
        path = tuple(part for part in (document.title, *section.path) if part)
        room = max(chunk_tokens - count(SEPARATOR.join(path)), chunk_tokens // 2)
        chunks += [Chunk(path, text, section.page) for text in _pack(section.blocks, room, size)]
    return chunks


def _join_tiny(sections: tuple[Section, ...], chunk_tokens: int, size: Count) -> Iterator[Section]:
    """Join a section of a few words to the first part below its heading; that part's heading stays in the text.

    What stands right below the title is left alone: the part's heading says more than the title.
    """
    waiting: Section | None = None
    for section in sections:
        if waiting is not None:
            below = section.path[len(waiting.path) :]
            joined = (*waiting.blocks, Block("text", f"**{SEPARATOR.join(below)}**"), *section.blocks)
            if below and section.path[: len(waiting.path)] == waiting.path and _total(joined, size) <= chunk_tokens:
                yield Section(waiting.path, joined, waiting.page)
                waiting = None
                continue
            yield waiting
            waiting = None
        if section.path and _total(section.blocks, size) < chunk_tokens * TINY_SHARE:
            waiting = section
        else:
            yield section
    if waiting is not None:
        yield waiting


def _total(blocks: tuple[Block, ...], size: Count) -> int:
    return sum(size(block.text) for block in blocks)


def _pack(blocks: tuple[Block, ...], room: int, size: Count) -> Iterator[str]:
    """Fill chunks with whole blocks. The line that introduces a list, table or code stays with it."""
    parts: list[str] = []
    used = 0
    for block, tokens in _with_introduction(blocks, room, size):
        if parts and used + tokens > room:
            yield "\n\n".join(parts)
            parts, used = [], 0
        if tokens > room:
            *whole, last = cut_block(block, room, size)
            yield from whole
            parts, used = [last], size(last)
        else:
            parts.append(block.text)
            used += tokens
    if parts:
        yield "\n\n".join(parts)


def _with_introduction(blocks: tuple[Block, ...], room: int, size: Count) -> Iterator[tuple[Block, int]]:
    waiting: tuple[Block, int] | None = None
    for block, following in zip(blocks, (*blocks[1:], None), strict=True):
        tokens = size(block.text)
        if waiting is not None:
            together = waiting[1] + tokens
            if together <= room:
                yield Block("text", f"{waiting[0].text}\n\n{block.text}"), together
                waiting = None
                continue
            yield waiting
            waiting = None
        if block.kind == "text" and following is not None and following.kind != "text":
            waiting = (block, tokens)
        else:
            yield block, tokens
