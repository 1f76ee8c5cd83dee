"""What the console's own pages send as JSON, and the sentences that they get where it cannot be used."""

from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.sites.book import SiteView
from app.staff.desk import Desk, Visit

JSON = "application/json"
Sent = TypeVar("Sent", bound=BaseModel)


async def sent(request: Request, wanted: type[Sent], how: str) -> Sent | Response:
    """What a request holds, or the refusal. A form of another page cannot send to such a route: it takes only JSON.

    Args:
        how: says what is to be sent.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        return refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"This takes {JSON} only. {how}")
    try:
        return wanted.model_validate_json(await request.body())
    except ValidationError:
        return refused(HTTPStatus.BAD_REQUEST, how)


async def site_of(desk: Desk, visit: Visit, name: str) -> SiteView | Response:
    """A site that the visitor may see, or the refusal."""
    found = await desk.services.sites.named(name)
    if found and visit.principal.may_see(found.id):
        return found
    return refused(HTTPStatus.NOT_FOUND, "There is no such site, or it is not one of yours.")


def refused(status: HTTPStatus, sentence: str) -> Response:
    """A sentence that says what to do, as JSON."""
    return JSONResponse({"detail": sentence}, status)
