"""All pages at /staff."""

from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.staff.account import add_account
from app.staff.desk import Desk, not_found, staff_route
from app.staff.door import add_door
from app.staff.members import add_members
from app.staff.openid import add_openid
from app.staff.second_factor import add_second_factor
from app.staff.sites import add_sites
from app.wiring import Services

_ASSETS = Path(__file__).parent / "assets"


def staff_routes(services: Services) -> APIRouter:
    """The pages for staff. Who may call each, `app.access.routes` says."""
    desk = Desk(services)
    router = APIRouter(include_in_schema=False, route_class=staff_route(desk))
    files = {path.name: path for path in _ASSETS.iterdir()}

    @router.get("/staff/assets/{file:path}")
    async def asset(request: Request, file: str) -> Response:
        if file not in files:
            raise not_found()
        return FileResponse(files[file], headers={"Cache-Control": "public, max-age=300"})

    add_door(router, desk)
    add_openid(router, desk)
    add_second_factor(router, desk)
    add_sites(router, desk)
    add_account(router, desk)
    add_members(router, desk)
    return router
