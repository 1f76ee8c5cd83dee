"""Read a PDF: its pages in reading order, its ruled tables exactly, its bookmarks as headings. Nothing in it is run."""

import io
import logging
import re
from collections.abc import Iterator

import pdfplumber
from pdfplumber.page import Page
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import Destination

from graph.knowledge.document import Block, ParsedDocument, ParseError, Section

MOST_PAGES = 3000
_FOOTING = re.compile(r"(?:page|seite|página)?\s*\d{1,5}(?:\s*(?:/|of|von|de)\s*\d{1,5})?", re.IGNORECASE)
_RULE = re.compile(rb"\s(?:re|l)\s")
_PARTED = re.compile(r"(?<=[^\W\d_])-\n(?=[a-zß-öø-ÿ])")
"""A word that goes on in the next line in small letters, as printers part words."""
_FEWEST_RULES = 4
_SHORT = 0.7
"""A line shorter than this share of the page's longest ends its paragraph when it ends a sentence."""

Bookmarks = dict[int, list[tuple[int, str]]]


def parse_pdf(data: bytes, fallback_title: str) -> ParsedDocument:
    """Read the text of a PDF. Its sections may be empty, as those of a scan are; each knows its page, from 1.

    Raises:
        ParseError: it is no PDF, broken beyond reading, locked with a password, or longer than `MOST_PAGES`.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of every flaw that it mends
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ParseError("The PDF is locked with a password; save it without one.")
        pages = len(reader.pages)
        if pages > MOST_PAGES:
            raise ParseError(f"The PDF has {pages} pages; cut it into parts of at most {MOST_PAGES}.")
        title = str((reader.metadata and reader.metadata.title) or "").strip() or fallback_title
        with pdfplumber.open(io.BytesIO(data)) as plumber:
            return ParsedDocument(title, None, tuple(_sections(reader, plumber.pages, title)))
    except ParseError:
        raise
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, AssertionError, OSError) as error:
        raise ParseError("The PDF is broken; open it and save it anew.") from error


def _sections(reader: PdfReader, plumbed: list[Page], title: str) -> Iterator[Section]:
    bookmarks = _bookmarks(reader)
    path: dict[int, str] = {}
    for number, page in enumerate(reader.pages, start=1):
        contents = page.get_contents()
        ruled = contents is not None and len(_RULE.findall(contents.get_data())) >= _FEWEST_RULES
        tables: list[Block] = []
        text = ""
        if ruled and number <= len(plumbed):
            text, tables = _with_tables(plumbed[number - 1])
        if not tables:
            text = page.extract_text()
        awaited = list(bookmarks.get(number, ()))
        lines: list[str] = []
        for line in [*_content(text), None]:
            here = next((mark for mark in awaited if line and _same(mark[1], line)), None)
            if line is not None and here is None:
                lines.append(line)
                continue
            blocks = [*_paragraphs(lines), *(tables if line is None else ())]
            if blocks:
                yield Section(_below(path, title), tuple(blocks), number)
            lines = []
            if here is not None:
                awaited.remove(here)
                _descend(path, here)
        for mark in awaited:
            _descend(path, mark)


def _with_tables(page: Page) -> tuple[str, list[Block]]:
    """The page's text outside its ruled tables, and these. A frame around one cell is no table."""
    found = [(table, rows) for table in page.find_tables() if len(rows := _rows(table.extract())) > 1]
    if not found:
        return "", []

    def outside(thing: dict[str, float]) -> bool:
        middle, height = (thing["x0"] + thing["x1"]) / 2, (thing["top"] + thing["bottom"]) / 2
        boxes = (table.bbox for table, _ in found)
        return not any(left <= middle <= right and top <= height <= bottom for left, top, right, bottom in boxes)

    return page.filter(outside).extract_text(), [Block("table", _markdown(rows)) for _, rows in found]


def _rows(table: list[list[str | None]]) -> list[list[str]]:
    rows = [[" ".join((cell or "").split()).replace("|", "\\|") for cell in row] for row in table]
    return [row for row in rows if any(row)] if max(map(len, rows), default=0) > 1 else []


def _markdown(rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _content(text: str) -> list[str]:
    """The lines without the page's number, which stands first or last."""
    lines = [line.strip() for line in text.replace("\x00", "").split("\n")]
    for edge in (0, -1):
        if lines and _FOOTING.fullmatch(lines[edge]):
            del lines[edge]
    return lines


def _paragraphs(lines: list[str]) -> Iterator[Block]:
    """Join lines into paragraphs: a blank line, a bullet, or a short line with a sentence's end parts them."""
    longest = max(map(len, lines), default=0)
    text = ""
    for line in [*lines, ""]:
        bullet = line.startswith(("•", "- ", "– ", "* ", "▪", "◦"))
        ended = text and text[-1] in ".!?:" and len(text.rsplit("\n", 1)[-1]) < _SHORT * longest
        if text and (not line or bullet or ended):
            yield Block("text", _PARTED.sub("", text).replace("\n", " "))
            text = ""
        if line:
            text = f"{text}\n{line}" if text else line


def _bookmarks(reader: PdfReader) -> Bookmarks:
    """The outline's titles with their depths, by page. A broken outline is none."""
    found: Bookmarks = {}

    def walk(entries: object, depth: int) -> None:
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Destination):
                page = reader.get_destination_page_number(entry)
                if page is not None and entry.title:
                    found.setdefault(page + 1, []).append((depth, str(entry.title).strip()))
            elif depth < 6:
                walk(entry, depth + 1)

    try:
        walk(reader.outline, 1)
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return found


def _descend(path: dict[int, str], mark: tuple[int, str]) -> None:
    depth, title = mark
    for deeper in [level for level in path if level >= depth]:
        del path[deeper]
    path[depth] = title


def _below(path: dict[int, str], title: str) -> tuple[str, ...]:
    headings = tuple(path[level] for level in sorted(path))
    return headings[1:] if headings and _same(headings[0], title) else headings


def _same(one: str, other: str) -> bool:
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()
