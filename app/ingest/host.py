"""One web server as an ingestion treats it: at its judged address, by its robots.txt, and no faster than it likes."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import httpx
from protego import Protego

from app.reach import IpAddress

AGENT = "Parley"
AT_ONCE = 2
"""Requests that one server is asked at the same time."""
LONGEST_PAUSE_S = 10.0
"""A server that asks for longer pauses between requests gets these."""
ROBOTS_BYTES = 500_000
"""So much of a robots.txt is read (RFC 9309)."""
GIVEN_UP_AFTER = 5
"""Failures one after the other, after which the server is left alone."""


class Host:
    """Connections to one scheme, name and port. Not shared with other names: a connection's certificate is of one."""

    def __init__(self, tls: ssl.SSLContext, pause_s: float) -> None:
        self.client = httpx.AsyncClient(
            verify=tls,
            timeout=httpx.Timeout(None, connect=10),
            limits=httpx.Limits(max_connections=AT_ONCE),
            follow_redirects=False,
            trust_env=False,
        )
        self.address: IpAddress | None = None
        self.meeting = asyncio.Lock()
        """Held while its address and its rules are found out."""
        self._pause_s = pause_s
        self._rules: Protego | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._next_s = 0.0
        self._failures = 0

    @property
    def given_up(self) -> bool:
        """Whether it has failed so often that it is left alone."""
        return self._failures >= GIVEN_UP_AFTER

    @property
    def known(self) -> bool:
        """Whether its rules were read."""
        return self._rules is not None

    def obey(self, robots: bytes) -> None:
        """Take its robots.txt; an empty one allows everything."""
        self._rules = Protego.parse(robots[:ROBOTS_BYTES].decode("utf-8", "replace"))
        asked_s = self._rules.crawl_delay(AGENT) or 0.0
        self._pause_s = max(self._pause_s, min(float(asked_s), LONGEST_PAUSE_S))

    def allows(self, url: httpx.URL) -> bool:
        """Whether its robots.txt, which was read, lets a page be fetched."""
        return self._rules is not None and bool(self._rules.can_fetch(str(url), AGENT))

    def answered(self, well: bool) -> None:
        """Count failures to answer at all."""
        self._failures = 0 if well else self._failures + 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until the next request may begin; hold one of its few slots meanwhile."""
        async with self._slots:
            begins_s = max(monotonic(), self._next_s)
            self._next_s = begins_s + self._pause_s
            await asyncio.sleep(begins_s - monotonic())
            yield

    async def close(self) -> None:
        """Close its connections."""
        await self.client.aclose()
