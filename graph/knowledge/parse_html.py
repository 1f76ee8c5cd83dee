"""Read HTML: the main content of a page, its headings, lists, code and tables kept."""

import re

import trafilatura

from graph.knowledge.document import ParsedDocument, ParseError
from graph.knowledge.parse_markdown import parse_markdown

_ANY_TAG = re.compile(r"<[a-zA-Z!/][^<>]*>")
_HEADING_AFTER_TEXT = re.compile(r"(?<!\n)\n(?=#{1,6} )")


def parse_html(text: str, fallback_title: str) -> ParsedDocument:
    """Read a page. Navigation, scripts and footers are left out. Its sections may be empty.

    Raises:
        ParseError: it is not HTML.
    """
    if not _ANY_TAG.search(text):
        raise ParseError("The file is not HTML; give it the suffix of what it is.")
    about = trafilatura.extract_metadata(text)
    title, url = (about.title, about.url) if about is not None else (None, None)
    markdown = trafilatura.extract(text, output_format="markdown", include_formatting=True, include_tables=True)
    if not markdown:  # too short for it to tell content from navigation
        markdown = trafilatura.html2txt(text)
    body = parse_markdown(_HEADING_AFTER_TEXT.sub("\n\n", markdown), title or fallback_title)
    return ParsedDocument(title or body.title, url, body.sections)
