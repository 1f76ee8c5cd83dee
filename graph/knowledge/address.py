"""The address at which a browser opens the very passage, not only its document."""

import re
from urllib.parse import quote

from graph.knowledge.plain import plain_text

MOST_WORDS = 8
FEWEST_WORDS = 3
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+")
_NOT_PROSE = re.compile(r"^[ \t]*(?:\||#|>|```|~~~)")
_CODE = re.compile(r"`([^`]*)`")
_EDGES = ".,;:!?\"'()[]«»„“”‘’…"


def address_of(url: str | None, page: int | None, text: str) -> str | None:
    """The address of a passage; None if its document has none.

    A page of a PDF is named as its readers in browsers want it. Elsewhere the passage's first words are named, which
    browsers look for, scroll to and mark (W3C, "URL Fragment Text Directives"); those that cannot open the top.

    Args:
        url: of the document.
        page: on which it stands, from 1, in a document that has pages.
        text: the passage, Markdown.
    """
    if url is None or not url.startswith(("http://", "https://")) or "#" in url:
        return url
    if page is not None:
        return f"{url}#page={page}"
    words = _first_words(text)
    return f"{url}#:~:text={quote(words, safe='').replace('-', '%2D')}" if words else url


def _first_words(markdown: str) -> str:
    """The beginning of the first line that stands in the page as it stands here."""
    fenced = False
    for line in markdown.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and not _NOT_PROSE.match(line):
            words = plain_text(_CODE.sub(r"\1", _ITEM.sub("", line))).split()
            if len(words) >= FEWEST_WORDS:
                return " ".join(words[:MOST_WORDS]).strip(_EDGES).strip()
    return ""
