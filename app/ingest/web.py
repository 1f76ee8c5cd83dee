"""Web pages as a source of documents: single pages, those of a sitemap, or those of a list of addresses."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx

from app.ingest.fetch import NOTHING_KNOWN, Fetcher, FetchFailed, Page, unpacked
from app.ingest.items import EVERYTHING, Found, Item, Problem, Skipped, Unchanged, Validators
from app.ingest.sitemap import MOST_ADDRESSES, NoSitemap, Sitemap, read_sitemap
from graph.knowledge.parse import DOCX, MARKDOWN, PDF, TABLES

AT_ONCE = 8
"""Pages that are fetched at the same time, from all servers together."""
MOST_SITEMAPS = 1000
GZIP = b"\x1f\x8b"
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": PDF,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": DOCX,
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/plain": ".txt",
}
_TELLING = {"text/plain": MARKDOWN | TABLES, "application/octet-stream": frozenset({PDF, DOCX})}
"""Suffixes of addresses that say more than these media types."""
_MAPS = (".xml", ".gz")


@dataclass(frozen=True, slots=True)
class Pages:
    """What a source of web pages begins with.

    Attributes:
        name: what its documents are stored under.
        addresses: of pages and sitemaps.
    """

    name: str
    addresses: tuple[str, ...]


class WebSource:
    """Pages, stored by their addresses.

    Args:
        pages: where it begins.
        fetcher: open as long as this is used.
        max_bytes: of a sitemap that is stored packed, when it is unpacked.
        known: by address, what lets its server tell that a page has not changed.
    """

    def __init__(self, pages: Pages, fetcher: Fetcher, max_bytes: int, known: Mapping[str, Validators]) -> None:
        self._pages, self._fetcher, self._max_bytes, self._known = pages, fetcher, max_bytes, known
        self._places: dict[str, str] = {}
        """Where pages were found to be, each with the address that led there."""

    @property
    def name(self) -> str:
        """The sitemap's, page's or list's own."""
        return self._pages.name

    def covers(self, path: str) -> bool:
        """Every page: what is not named any more is gone."""
        return True

    async def items(self) -> AsyncIterator[Found]:
        """Fetch the pages in their order, some at a time.

        An address of the beginning that fails may be a sitemap, and conceals what it would have named. A page of a
        sitemap that is gone, as its server says, is removed, unless that is most of them: then the server is wrong.
        """
        named: dict[str, None] = {}
        starts = tuple(dict.fromkeys(self._pages.addresses))
        async for address, page in self._fetched(starts):
            sitemap = None
            try:
                if isinstance(page, FetchFailed):
                    raise page
                sitemap = self._sitemap(address, page)
            except FetchFailed as failed:
                yield Problem(address, str(failed), conceals=EVERYTHING)
                continue
            if sitemap is None:
                found = self._item(address, page)
                yield Problem(address, found.reason, conceals=EVERYTHING) if isinstance(found, Skipped) else found
                continue
            async for each in self._listed(address, sitemap):
                if isinstance(each, str):
                    named[each] = None
                else:
                    yield each
        gone: list[Problem] = []
        well = 0
        async for address, page in self._fetched([each for each in named if each not in starts]):
            if not isinstance(page, FetchFailed):
                well += 1
                yield self._item(address, page)
            elif page.gone:
                gone.append(Problem(address, str(page)))
            else:
                yield Problem(address, str(page))
        for problem in gone:
            yield Skipped(problem.path, problem.reason) if len(gone) < well else problem

    async def _listed(self, address: str, sitemap: Sitemap) -> AsyncIterator[str | Problem | Skipped]:
        """The pages that a sitemap names, and those that it leads to name, each sitemap once."""
        seen = {address}
        waiting = deque([(address, sitemap)])
        count = 0
        while waiting:
            place, sitemap = waiting.popleft()
            if not sitemap.pages and not sitemap.sitemaps:
                yield Problem(place, "The sitemap names no page.", conceals=EVERYTHING)
            for named in sitemap.pages:
                count += 1
                if count > MOST_ADDRESSES:
                    reason = f"Its sitemaps name more than {MOST_ADDRESSES} pages; ingest them one by one."
                    yield Problem(address, reason, conceals=EVERYTHING)
                    return
                own = _of_one_site(place, named)
                yield named if own else Skipped(named, "It is of another site than its sitemap.")
            more = [each for each in sitemap.sitemaps if each not in seen]
            seen.update(more)
            if len(seen) > MOST_SITEMAPS:
                yield Problem(address, f"It leads to more than {MOST_SITEMAPS} sitemaps.", conceals=EVERYTHING)
                return
            async for each, page in self._fetched([each for each in more if _of_one_site(place, each)]):
                try:
                    if isinstance(page, FetchFailed):
                        raise page
                    waiting.append((each, self._sitemap(each, page) or Sitemap()))
                except FetchFailed as failed:
                    yield Problem(each, str(failed), conceals=EVERYTHING)

    def _sitemap(self, address: str, page: Page) -> Sitemap | None:
        """The sitemap that a page is; None if it is a page.

        Raises:
            FetchFailed: its address says that it is a sitemap, and it is none.
        """
        data = page.data or b""
        claims = _path(address).suffix.lower() in _MAPS or page.kind in ("application/xml", "text/xml")
        if data.startswith(GZIP) and claims:
            data = unpacked(data, self._max_bytes)
        if not claims:
            return None
        try:
            return read_sitemap(data)
        except NoSitemap:
            raise FetchFailed("It is no sitemap that can be read.") from None

    def _item(self, address: str, page: Page) -> Item | Skipped | Unchanged:
        if page.data is None:
            return Unchanged(address)
        suffix = _path(address).suffix.lower()
        if suffix not in _TELLING.get(page.kind, ()):
            suffix = _SUFFIXES.get(page.kind, "")
        if not suffix:
            return Skipped(address, f"Pages of type {page.kind} are not supported yet.")
        first = self._places.setdefault(page.url, address)
        if first != address:
            return Skipped(address, f"It leads to the same page as {first}.")
        name = (_path(address).stem or httpx.URL(address).host) + suffix
        data = _in_utf8(page.data, page.charset) if suffix not in (PDF, DOCX) else page.data
        digest = hashlib.sha256(data).hexdigest()
        return Item(address, digest, data, name, url=page.url, validators=page.validators)

    async def _fetched(self, addresses: Sequence[str]) -> AsyncIterator[tuple[str, "Page | FetchFailed"]]:
        """What is at the addresses, in their order; the next ones are fetched meanwhile."""
        waiting: deque[tuple[str, asyncio.Task[Page | FetchFailed]]] = deque()
        rest = iter(addresses)
        try:
            while True:
                while len(waiting) < AT_ONCE and (address := next(rest, None)) is not None:
                    waiting.append((address, asyncio.create_task(self._page(address))))
                if not waiting:
                    return
                address, task = waiting[0]
                page = await task
                waiting.popleft()
                yield address, page
        finally:
            for _, task in waiting:
                task.cancel()
            await asyncio.gather(*(task for _, task in waiting), return_exceptions=True)

    async def _page(self, address: str) -> "Page | FetchFailed":
        try:
            return await self._fetcher.fetch(address, self._known.get(address, NOTHING_KNOWN))
        except FetchFailed as failed:
            return failed


def is_address(text: str) -> bool:
    """Whether a text begins as the address of a web page does."""
    return text.lower().startswith(("http://", "https://"))


def _path(address: str) -> PurePosixPath:
    return PurePosixPath(unquote(httpx.URL(address).path))


def _of_one_site(sitemap: str, page: str) -> bool:
    """Whether a sitemap may name a page: it speaks for its own machine, with or without `www.`."""
    try:
        names = [httpx.URL(each).host.removeprefix("www.") for each in (sitemap, page)]
    except httpx.InvalidURL:
        return False
    return names[0] == names[1]


def _in_utf8(data: bytes, charset: str | None) -> bytes:
    """Text that its server says is in another character set, in UTF-8."""
    try:
        return data if charset in (None, "utf-8", "utf8") else data.decode(charset).encode()
    except (LookupError, UnicodeDecodeError):
        return data  # then the page itself says what it is in
