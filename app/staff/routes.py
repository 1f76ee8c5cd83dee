"""All pages at /staff."""

import logging
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.staff.account import add_account
from app.staff.cache import add_cache
from app.staff.desk import Desk
from app.staff.door import add_door
from app.staff.intents import add_intents
from app.staff.knowledge import add_knowledge
from app.staff.members import add_members
from app.staff.openid import add_openid
from app.staff.refusals import Elsewhere, NotShown, not_found
from app.staff.reveal import add_reveal
from app.staff.screening import add_screening
from app.staff.second_factor import add_second_factor
from app.staff.sites import add_sites
from app.wiring import Services

log = logging.getLogger(__name__)
_ASSETS = Path(__file__).parent / "assets"


def staff_routes(services: Services) -> APIRouter:
    """The pages for staff. Who may call each, `app.access.routes` says."""
    desk = Desk(services)
    router = APIRouter(include_in_schema=False, route_class=_pages_for(desk))
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
    add_knowledge(router, desk)
    add_intents(router, desk)
    add_reveal(router, desk)
    add_screening(router, desk)
    add_cache(router, desk)
    add_account(router, desk)
    add_members(router, desk)
    return router


def _pages_for(desk: Desk) -> type[APIRoute]:
    """Routes whose refusals are pages, too."""

    class StaffRoute(APIRoute):
        """Turns what a handler raises into a page."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """The handler, with its refusals shown."""
            handle = super().get_route_handler()

            async def shown(request: Request) -> Response:
                try:
                    return await handle(request)
                except Elsewhere as elsewhere:
                    return desk.go(request, elsewhere.path)
                except NotShown as refused:
                    return _message(request, refused)
                except RequestValidationError:  # a part of the address is not what it should be
                    return _message(request, not_found())
                except SQLAlchemyError:
                    log.exception("a page for staff could not reach its records")
                    return _message(
                        request,
                        NotShown(
                            HTTPStatus.SERVICE_UNAVAILABLE,
                            "Our records cannot be reached",
                            "Please try again in a minute. If it stays like this, run `parley doctor`.",
                        ),
                    )

            return shown

    def _message(request: Request, refused: NotShown) -> Response:
        values = {"title": refused.title, "sentence": refused.sentence}
        return desk.render("message.html", request, None, status=refused.status, **values)

    return StaffRoute
