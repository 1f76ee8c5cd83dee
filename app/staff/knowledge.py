"""What a site answers from: its sources, how reading each went or how far it is, and the documents of one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.db.ingestions import last_ingestions
from app.db.sources import SourceCounts, count_sources, documents_of_source
from app.db.tables import Ingestion
from app.sites.book import SiteView
from app.staff.desk import Desk, Visit
from app.staff.sites import site_for

SILENT_AFTER = timedelta(minutes=10)
"""A run that has told nothing for so long has died: no document and no batch of passages takes longer."""
REFRESH_S = 5
A_PAGE = 100
"""Documents of one page."""

State = Literal["waiting", "running", "lost", "broken", "read"]


@dataclass(frozen=True, slots=True)
class SourceShown:
    """A source: what is stored of it, its last run, and how often the worker reads it, each if there is one."""

    name: str
    stored: SourceCounts | None
    last: Ingestion | None
    every: str | None

    def state(self, now: datetime) -> State:
        """How it stands."""
        if self.last is None:
            return "read" if self.stored else "waiting"
        if self.last.ended_at is None:
            return "running" if now - self.last.told_at < SILENT_AFTER else "lost"
        return "broken" if self.last.error else "read"


def add_knowledge(router: APIRouter, desk: Desk) -> None:
    """The one page, and the list of a source's documents that it leads to."""

    @router.get("/staff/sites/{site}/knowledge")
    async def knowledge(request: Request, site: str) -> Response:
        visit = await desk.visit(request)
        found = await site_for(desk, visit, site)
        source = request.query_params.get("source")
        return await (sources(request, visit, found) if source is None else documents(request, visit, found, source))

    async def sources(request: Request, visit: Visit, site: SiteView) -> Response:
        async with desk.services.sessions() as session:
            stored = await count_sources(session, site.id)
            runs = await last_ingestions(session, site.id)
        every = {source.address: source.every for source in site.config.sources}
        names = dict.fromkeys([*every, *sorted({*stored, *runs})])
        now = datetime.now(UTC)
        shown = [SourceShown(name, stored.get(name), runs.get(name), every.get(name)) for name in names]
        states = {each.name: each.state(now) for each in shown}
        shown.sort(key=lambda each: states[each.name] != "running")
        refresh_s = REFRESH_S if "running" in states.values() else None
        return desk.render(
            "knowledge.html", request, visit, site=site, sources=shown, states=states, refresh_s=refresh_s
        )

    async def documents(request: Request, visit: Visit, site: SiteView, source: str) -> Response:
        marked = "marked" in request.query_params
        after = request.query_params.get("after", "")
        async with desk.services.sessions() as session:
            listed = await documents_of_source(session, site.id, source, after=after, marked=marked, limit=A_PAGE + 1)
        following = listed[A_PAGE - 1].path if len(listed) > A_PAGE else None
        return desk.render(
            "documents.html",
            request,
            visit,
            site=site,
            source=source,
            listed=listed[:A_PAGE],
            marked=marked,
            following=following,
        )
