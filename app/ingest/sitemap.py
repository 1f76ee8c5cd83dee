"""Reads sitemaps and lists of addresses, as they came from outside."""

from dataclasses import dataclass
from xml.parsers import expat

MOST_ADDRESSES = 50_000
"""Of a sitemap or list, as the sitemaps' own rule has it."""
_ROOTS = {"urlset": "url", "sitemapindex": "sitemap"}


class NoSitemap(Exception):
    """It is something else, or broken."""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """Addresses of pages, or, of an index, those of further sitemaps."""

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


class _Reader:
    """Collects `<loc>` of each entry. A declaration of a document type is refused: entities stand in it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.root = ""
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self._path:
            self.root = local
            if local not in _ROOTS:
                raise NoSitemap
        self._path.append(local)
        self._text = []

    def end(self, name: str) -> None:
        if self._path[1:] == [_ROOTS[self.root], "loc"]:
            self.found.append("".join(self._text).strip())
            if len(self.found) > MOST_ADDRESSES:
                raise NoSitemap
        self._path.pop()

    def text(self, text: str) -> None:
        self._text.append(text)

    def doctype(self, *_: object) -> None:
        raise NoSitemap


def read_sitemap(data: bytes) -> Sitemap:
    """Read a sitemap or an index of sitemaps (sitemaps.org, protocol 0.9).

    Raises:
        NoSitemap: it is no sitemap, is broken, or names more than `MOST_ADDRESSES`.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise NoSitemap from None
    found = tuple(dict.fromkeys(each for each in reader.found if each))
    return Sitemap(sitemaps=found) if reader.root == "sitemapindex" else Sitemap(pages=found)


def read_addresses(text: str) -> tuple[str, ...]:
    """The addresses of a list, one a line; empty lines and those that begin with `#` are passed over."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
