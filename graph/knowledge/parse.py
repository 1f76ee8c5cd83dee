"""Read a document by the kind that its name states."""

from pathlib import PurePath

from graph.knowledge.decode import decode_html, decode_text
from graph.knowledge.document import Block, ParsedDocument, ParseError, Section
from graph.knowledge.parse_csv import parse_csv
from graph.knowledge.parse_html import parse_html
from graph.knowledge.parse_markdown import parse_markdown

MARKDOWN = frozenset({".md", ".markdown"})
HTML = frozenset({".html", ".htm"})
PLAIN = frozenset({".txt"})
PDF, DOCX, TABLES = ".pdf", ".docx", frozenset({".csv", ".tsv"})
READABLE = MARKDOWN | HTML | PLAIN | TABLES | {PDF, DOCX}


def parse_file(name: str, data: bytes) -> ParsedDocument:
    """Read a file's content.

    Args:
        name: the file's name or path; its suffix, in any case, says how to read it.
        data: the whole content.

    Raises:
        ParseError: the suffix is unknown, or the content is empty or not what the suffix says.
    """
    path = PurePath(name)
    suffix = path.suffix.lower()
    if suffix not in READABLE:
        raise ParseError(f"Files of type {suffix or 'without a suffix'} are not supported yet.")
    if not data.strip():
        raise ParseError("The file is empty.")
    title = _title_from(path.stem)
    if suffix == PDF:
        from graph.knowledge.parse_pdf import parse_pdf  # its libraries take half a second to import

        document = parse_pdf(data, title)
    elif suffix == DOCX:
        from graph.knowledge.parse_docx import parse_docx

        document = parse_docx(data, title)
    elif suffix in TABLES:
        document = parse_csv(decode_text(data), title)
    elif suffix in HTML:
        document = parse_html(decode_html(data), title)
    elif suffix in MARKDOWN:
        document = parse_markdown(decode_text(data), title)
    else:
        document = _parse_plain(decode_text(data), title)
    if not document.sections:
        scan = " It may be a scan: make its text readable first." if suffix == PDF else ""
        raise ParseError(f"The file holds no text that can be read.{scan}")
    return document


def parse_record(title: str, text: str, url: str | None) -> ParsedDocument:
    """Read the Markdown of a record.

    Raises:
        ParseError: it holds no text.
    """
    if "\x00" in text or "\x00" in title:
        raise ParseError("The record holds characters that are not text.")
    document = parse_markdown(text, title)
    if not document.sections:
        raise ParseError("The record holds no text that can be read.")
    return ParsedDocument(title or document.title, url or document.url, document.sections)


def _parse_plain(text: str, title: str) -> ParsedDocument:
    paragraphs = (part.strip("\n") for part in text.replace("\r\n", "\n").split("\n\n"))
    blocks = tuple(Block("text", part) for part in paragraphs if part.strip())
    return ParsedDocument(title, None, (Section((), blocks),) if blocks else ())


def _title_from(stem: str) -> str:
    words = stem.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]
