"""The sites of a member: what is set of them, the line that embeds the widget, and how it looks on a page."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.db.members import sites_of
from app.sites.book import SiteView
from app.sites.config import DAYS
from app.staff.desk import PREVIEW_POLICY, Desk, Visit
from app.staff.refusals import NotShown, not_found
from graph.errors import ConfigError


@dataclass(frozen=True, slots=True)
class SiteCard:
    """A site as the list shows it; `view` is None when its configuration cannot be read."""

    name: str
    view: SiteView | None
    snippet: str


def add_sites(router: APIRouter, desk: Desk) -> None:
    """The list, a site, and its preview."""

    def snippet(request: Request, name: str) -> str:
        return f'<script src="{desk.address(request)}/widget.js" data-site="{name}" async></script>'

    async def view(name: str) -> SiteView | None:
        try:
            return await desk.services.sites.named(name)
        except ConfigError:
            return None

    @router.get("/staff")
    async def home(request: Request) -> Response:
        visit = await desk.visit(request)
        async with desk.services.sessions() as session:
            names = [site.name for site in await sites_of(session, visit.member)]
        cards = [SiteCard(name, await view(name), snippet(request, name)) for name in names]
        return desk.render("home.html", request, visit, cards=cards)

    @router.get("/staff/sites/{site}")
    async def site(request: Request, site: str) -> Response:
        visit = await desk.visit(request)
        found = await site_for(desk, visit, site)
        week = list(zip(DAYS, found.config.hours.week, strict=True))
        return desk.render("site.html", request, visit, site=found, week=week, snippet=snippet(request, found.name))

    @router.get("/staff/sites/{site}/preview")
    async def preview(request: Request, site: str) -> Response:
        visit = await desk.visit(request)
        found = await site_for(desk, visit, site)
        return desk.render("preview.html", request, visit, policy=PREVIEW_POLICY, site=found)


async def site_for(desk: Desk, visit: Visit, name: str) -> SiteView:
    """A site that the visitor may see.

    Raises:
        NotShown: there is none of that name for them, or its configuration cannot be read.
    """
    try:
        site = await desk.services.sites.named(name)
    except ConfigError as error:
        raise NotShown(HTTPStatus.CONFLICT, "This site cannot be shown", str(error)) from None
    if site is None or not visit.principal.may_see(site.id):
        raise not_found()
    return site
