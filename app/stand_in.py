"""The encoder from before an exchange: it searches a site until the installed one has seen all of its passages."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.search import Ranking
from app.db.sites import list_sites
from app.db.vectors import Coverage, coverage, knowledge_version
from app.loading import Former
from graph.context import Encoder

RECHECK_S = 5.0
"""So often it is looked up how far the installed encoder is while it has not seen all of a site."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A site of which the installed encoder has not seen all passages.

    Attributes:
        unseen, passages: so many of so many it has not seen.
        by: the encoder that searches the site until then; None where none has seen more.
        not_found: passages that no search finds until then.
    """

    site: str
    unseen: int
    passages: int
    by: str | None
    not_found: int

    def told(self, installed: str) -> str:
        """What an operator reads of it."""
        by = f"; {self.by} searches until then" if self.by else ""
        lost = f"; {self.not_found} passages are not found until then" if self.not_found else ""
        return f"{installed} has not seen {self.unseen} of {self.passages} passages{by}{lost}"


@dataclass(frozen=True, slots=True)
class _Known:
    version: int
    looked_at: float
    coverage: Coverage
    by: Former | None


class StandIn:
    """Chooses for each site whether the installed encoder or one from before searches it."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], installed: str, formers: Sequence[Former] = ()
    ) -> None:
        """Loads nothing and reads nothing before it is asked.

        Args:
            installed: name of the installed encoder.
            formers: those from before whose files are there.
        """
        self._sessions, self._installed = sessions, installed
        self._formers = {former.name: former for former in formers if former.name != installed}
        self._known: dict[int, _Known] = {}
        self._loaded: dict[str, Encoder] = {}
        self._loading = asyncio.Lock()

    async def ranking(self, site_id: int, question: str) -> Ranking | None:
        """What the encoder that stands in makes of the question; None where the installed one searches."""
        if not self._formers:
            return None
        async with self._sessions() as session:
            version = await knowledge_version(session, site_id)
        by = (await self._look(site_id, version)).by
        if by is None:
            return None
        async with self._loading:
            if by.name not in self._loaded:
                log.warning(
                    "an encoder from before searches until the installed one has seen all passages",
                    extra={"encoder": by.name, "installed": self._installed},
                )
                self._loaded[by.name] = await asyncio.to_thread(by.load)
        vectors = await asyncio.to_thread(self._loaded[by.name].encode, [question])
        return Ranking(by.name, vectors[0])

    async def unfinished(self) -> list[Unfinished]:
        """The sites of which the installed encoder has not seen all passages."""
        async with self._sessions() as session:
            sites = await list_sites(session)
        found = []
        for site in sites:
            known = await self._look(site.id, site.knowledge_version)
            if unseen := known.coverage.unseen(self._installed):
                left = known.coverage.unseen(known.by.name) if known.by else unseen
                by = known.by.name if known.by else None
                found.append(Unfinished(site.name, unseen, known.coverage.passages, by, left))
        return found

    async def _look(self, site_id: int, version: int) -> _Known:
        """What is known of a site whose knowledge has this version."""
        known = self._known.get(site_id)
        if known and known.version == version:
            whole = not known.coverage.unseen(self._installed)
            if whole or time.monotonic() < known.looked_at + RECHECK_S:
                return known
        async with self._sessions() as session:
            covered = await coverage(session, site_id, [self._installed, *self._formers])
        unseen = covered.unseen(self._installed)
        best = min(self._formers.values(), key=lambda former: covered.unseen(former.name), default=None)
        by = best if best and covered.unseen(best.name) < unseen else None
        self._known[site_id] = known = _Known(version, time.monotonic(), covered, by)
        return known
