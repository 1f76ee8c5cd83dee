"""Fetches pages for an ingestion: from judged addresses only, and within bounds."""

import asyncio
import ssl
import zlib
from dataclasses import dataclass
from email.message import Message
from types import TracebackType
from typing import Self

import httpx

from app.ingest.host import AGENT, Host
from app.ingest.items import Validators, too_large
from app.reach import MayNotReach, NoAddress, Resolve, addresses_of, dialled, judged
from graph.errors import ParleyError

MOST_REDIRECTS = 5
GONE = frozenset({404, 410})
BUSY = frozenset({429, 503})
LONGEST_WAIT_S = 30
"""A busy server that asks for more patience is not asked again in this run."""
_GZIP = 31  # zlib's sign for gzip's own header


class FetchFailed(ParleyError):
    """A page could not be fetched, and why; `status` is what its server answered, if it did."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status

    @property
    def gone(self) -> bool:
        """Whether the server says that there is no such page."""
        return self.status in GONE


NOTHING_KNOWN = Validators()


@dataclass(frozen=True, slots=True)
class Page:
    """What came. `data` is None when the page has not changed; `kind` is its media type, in small letters."""

    url: str
    kind: str
    charset: str | None
    data: bytes | None
    validators: Validators


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a fetch may go.

    Attributes:
        private: whether addresses of the own network and of this machine may be reached.
        max_bytes: of a page, unpacked.
        within_s: seconds that one request may take, to the end of its answer.
        pause_s: seconds between the beginnings of two requests to one server; its robots.txt may ask for more.
    """

    private: bool = False
    max_bytes: int = 20_000_000
    within_s: float = 60.0
    pause_s: float = 0.2


class Fetcher:
    """Fetches over http and https, and obeys each server's robots.txt. No proxy is asked and no cookie sent back."""

    def __init__(self, bounds: Bounds, *, resolve: Resolve = addresses_of, tls: ssl.SSLContext | None = None) -> None:
        self._bounds, self._resolve = bounds, resolve
        self._tls = tls or httpx.create_ssl_context()
        self._hosts: dict[tuple[str, bytes, int | None], Host] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for host in self._hosts.values():
            await host.close()

    async def fetch(self, address: str, known: Validators = NOTHING_KNOWN) -> Page:
        """Fetch a page, or learn that it is still as `known` says.

        Raises:
            FetchFailed: the sentence says why.
        """
        return await self._followed(address, known, obeying=True)

    async def _followed(self, address: str, known: Validators, *, obeying: bool) -> Page:
        url = _url(address)
        for _ in range(MOST_REDIRECTS + 1):
            key = url.scheme, url.raw_host, url.port
            host = self._hosts.get(key) or self._hosts.setdefault(key, Host(self._tls, self._bounds.pause_s))
            if obeying:
                await self._obey(host, url)
            found = await self._patiently(host, url, known)
            if isinstance(found, Page):
                return found
            url = found
        raise FetchFailed("The address leads on and on; name the page itself.")

    async def _obey(self, host: Host, url: httpx.URL) -> None:
        """Hold a page against its server's rules, which are read once. A server that has none allows everything."""
        async with host.meeting:
            if not host.known:
                rules = str(url.copy_with(raw_path=b"/robots.txt"))
                try:
                    host.obey((await self._followed(rules, NOTHING_KNOWN, obeying=False)).data or b"")
                except FetchFailed as failed:
                    refused = failed.status is not None and 400 <= failed.status < 500
                    if not refused or failed.status in BUSY:
                        raise
                    host.obey(b"")
        if not host.allows(url):
            raise FetchFailed("The server's robots.txt forbids it; allow the agent Parley there.")

    async def _patiently(self, host: Host, url: httpx.URL, known: Validators) -> Page | httpx.URL:
        """Ask a server, and once more if it is busy: the page, or where it is said to be."""
        try:
            return await self._asked(host, url, known)
        except _Busy as busy:
            await asyncio.sleep(busy.wait_s)
        try:
            return await self._asked(host, url, known)
        except _Busy:
            raise FetchFailed("The server is busy; try again later.", httpx.codes.TOO_MANY_REQUESTS) from None

    async def _asked(self, host: Host, url: httpx.URL, known: Validators) -> Page | httpx.URL:
        async with host.turn():
            if host.given_up:
                raise FetchFailed("The server failed again and again and was left alone.")
            try:
                async with asyncio.timeout(self._bounds.within_s):
                    found = await self._request(host, url, known)
            except (TimeoutError, httpx.TimeoutException):
                host.answered(well=False)
                raise FetchFailed("The server did not answer in time.") from None
            except httpx.HTTPError as error:
                host.answered(well=False)
                raise FetchFailed(f"The server cannot be reached ({type(error).__name__}).") from None
            host.answered(well=True)
            return found

    async def _request(self, host: Host, url: httpx.URL, known: Validators) -> Page | httpx.URL:
        try:
            host.address = host.address or await judged(
                url, private=self._bounds.private, loopback=False, resolve=self._resolve
            )
        except NoAddress:
            raise FetchFailed("The server's name has no address.") from None
        except MayNotReach:
            raise FetchFailed(
                "It leads into a network that it may not; for one of your own, set knowledge.private_addresses."
            ) from None
        there = dialled(url, host.address)
        headers = {**there.headers, **known.headers, "User-Agent": AGENT, "Accept-Encoding": "gzip"}
        async with host.client.stream("GET", there.url, headers=headers, extensions=dict(there.extensions)) as response:
            host.client.cookies.clear()
            return await self._read(response, url)

    async def _read(self, response: httpx.Response, url: httpx.URL) -> Page | httpx.URL:
        status, headers = response.status_code, response.headers
        if status in BUSY:
            raise _Busy(headers.get("Retry-After", "1"))
        validators = Validators(headers.get("ETag"), headers.get("Last-Modified"))
        if status == httpx.codes.NOT_MODIFIED:
            return Page(str(url), "", None, None, validators)
        if response.has_redirect_location:
            return _url(headers["Location"], url)
        if not response.is_success:
            gone = "The page is gone" if status in GONE else "The server refused it"
            raise FetchFailed(f"{gone} (status {status}).", status)
        content = Message()
        content["Content-Type"] = headers.get("Content-Type", "application/octet-stream")
        return Page(
            str(url), content.get_content_type(), content.get_content_charset(), await self._body(response), validators
        )

    async def _body(self, response: httpx.Response) -> bytes:
        """The body, unpacked piece by piece, so that a bomb is given up before it is large."""
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("", "identity", "gzip", "x-gzip"):
            raise FetchFailed("The server packs its answer in a way that was not asked for.")
        most = self._bounds.max_bytes
        got = bytearray()
        unpacker = zlib.decompressobj(_GZIP) if "gzip" in coding else None
        async for piece in response.aiter_raw():
            try:
                got += unpacker.decompress(piece, most + 1 - len(got)) if unpacker else piece
            except zlib.error:
                raise FetchFailed("The server's answer is packed wrongly.") from None
            if len(got) > most:
                raise FetchFailed(too_large(len(got), most))
        return bytes(got)


class _Busy(Exception):
    def __init__(self, retry_after: str) -> None:
        super().__init__()
        self.wait_s = int(retry_after) if retry_after.isdecimal() else 1
        if self.wait_s > LONGEST_WAIT_S:
            raise FetchFailed("The server is busy; try again later.", httpx.codes.TOO_MANY_REQUESTS)


def unpacked(data: bytes, max_bytes: int) -> bytes:
    """A file that was stored packed by gzip, unpacked.

    Raises:
        FetchFailed: it is broken or too large.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        got = unpacker.decompress(data, max_bytes + 1)
    except zlib.error:
        raise FetchFailed("The file is packed wrongly.") from None
    if len(got) > max_bytes:
        raise FetchFailed(too_large(len(got), max_bytes))
    return got


def _url(address: str, base: httpx.URL | None = None) -> httpx.URL:
    """The address as it is requested: of http or https, with a machine's name, without a fragment."""
    try:
        url = (base.join(address) if base else httpx.URL(address)).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise FetchFailed("It is no address.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise FetchFailed("An address begins with http:// or https://, and names a machine.")
    if url.userinfo:
        raise FetchFailed("An address holds neither user nor password.")
    return url
