"""The hosts of a site's documents: where links in its answers may lead."""

import time

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.tables import Document
from graph.guards.links import host_of

FRESH_S = 30.0
MOST = 10_000
"""Sites that are kept in memory."""


class DocumentHosts:
    """Reads them once in a while: a document of a new host may be linked to half a minute after it came."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self._kept: dict[int, tuple[float, frozenset[str]]] = {}

    async def of(self, site_id: int) -> frozenset[str]:
        """The hosts of the site's documents, those with restricted readers among them."""
        read_at, hosts = self._kept.get(site_id, (None, frozenset[str]()))
        if read_at is not None and time.monotonic() - read_at < FRESH_S:
            return hosts
        beginning = func.substring(Document.url, "^https?://[^/?#]+")
        async with self._sessions() as session:
            found = await session.scalars(
                select(beginning).where(Document.site_id == site_id, Document.url.is_not(None)).distinct()
            )
            hosts = frozenset(host for address in found if address and (host := host_of(address)))
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[site_id] = time.monotonic(), hosts
        return hosts
