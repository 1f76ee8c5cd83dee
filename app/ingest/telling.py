"""Tells the database how far the ingestion of a source has come, for everybody who wants to know."""

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.ingestions import Values, ingestion_begins, ingestion_told
from app.ingest.report import IngestReport
from graph.errors import ParleyError

TELL_S = 2.0
"""The least time between two counts of a run."""
MOST_NAMED = 50
"""Failures of a run that are kept by name; all are counted."""


class Telling:
    """Tells of one run, from its beginning to its end.

    Args:
        report: of this run alone.
        planned: whether the site's configuration names the source.
    """

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        site_id: int,
        source: str,
        report: IngestReport,
        audience: Collection[str],
        *,
        planned: bool,
    ) -> None:
        self._sessions, self._site_id, self._source, self._report = sessions, site_id, source, report
        self._audience, self._planned = audience, planned
        self._next = 0.0

    async def __aenter__(self) -> Self:
        async with self._sessions.begin() as session:
            await ingestion_begins(session, self._site_id, self._source, self._audience, planned=self._planned)
        return self

    async def tell(self) -> None:
        """Tell how far it is, unless that was told a moment ago."""
        if time.monotonic() >= self._next:
            await self._write(None, ended=False)
            self._next = time.monotonic() + TELL_S

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self._write(None, ended=True)
            return
        with suppress(SQLAlchemyError, OSError):  # what broke the run says more than that the database is gone
            await self._write(_sentence(error), ended=True)

    async def _write(self, error: str | None, *, ended: bool) -> None:
        async with self._sessions.begin() as session:
            await ingestion_told(session, self._site_id, self._source, _values(self._report, error), ended=ended)


def _values(report: IngestReport, error: str | None) -> Values:
    counted = ("seen", "added", "changed", "unchanged", "removed", "chunks")
    return {name: getattr(report, name) for name in counted} | {
        "skipped": len(report.skipped),
        "failures": len(report.failed),
        "failed": [list(each) for each in report.failed[:MOST_NAMED]],
        "error": error,
    }


def _sentence(error: BaseException) -> str:
    """Why a run broke off. Of errors that are not our own only the kind is told: their text may hold anything."""
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
        return "It was interrupted."
    return str(error) if isinstance(error, ParleyError) else f"It broke off ({type(error).__name__})."
