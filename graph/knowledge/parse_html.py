"""Read HTML: the main content of a page, its headings, lists, code and tables kept."""

import re

from graph.knowledge.document import ParsedDocument, ParseError, Section
from graph.knowledge.parse_markdown import parse_markdown
from graph.knowledge.read_html import has_main, read_html

_ANY_TAG = re.compile(r"<[a-zA-Z!/][^<>]*>")
_TITLE = re.compile(r"<title[^<>]*>([^<]+)</title", re.IGNORECASE)
_BEFORE_HEADING = re.compile(r"(?<!\n)\n(?=#{1,6} )")
_ENOUGH_CHARS = 500
"""trafilatura tells content from navigation by their amounts, which a shorter page does not have."""


def parse_html(text: str, fallback_title: str) -> ParsedDocument:
    """Read a page. Navigation, scripts and footers are left out. Its sections may be empty.

    The content is what the page marks as its main part. Where it marks none, trafilatura finds it.

    Raises:
        ParseError: it is not HTML.
    """
    if not _ANY_TAG.search(text):
        raise ParseError("The file is not HTML; give it the suffix of what it is.")
    import trafilatura  # half a second, which a Markdown file does not need

    about = trafilatura.extract_metadata(text) if "<head" in text.lower() else None
    url = about.url if about is not None else None
    sections = read_html(text, only_main=True) if has_main(text) else ()
    if not sections:
        sections = _found_by_trafilatura(text) or read_html(text, only_main=False)
    title = (about.title if about is not None else None) or _first_title(text, sections) or fallback_title
    return ParsedDocument(title, url, tuple(section.without_title(title) for section in sections))


def _found_by_trafilatura(text: str) -> tuple[Section, ...]:
    if len(text) < _ENOUGH_CHARS:
        return ()
    import trafilatura

    markdown = trafilatura.extract(text, output_format="markdown", include_formatting=True, include_tables=True)
    if not markdown or len(markdown) < _ENOUGH_CHARS:
        return ()
    return parse_markdown(_BEFORE_HEADING.sub("\n\n", markdown), "").sections


def _first_title(text: str, sections: tuple[Section, ...]) -> str | None:
    declared = _TITLE.search(text)
    if declared:
        return declared[1].strip()
    return sections[0].path[0] if sections and sections[0].path else None
