"""Staff correct what a turn was taken for: JSON in, JSON out, for the console's own pages."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.db.intents import correct_intent
from app.sites.intents import wanted_by
from app.staff.desk import Desk

JSON = "application/json"


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    intent: str = Field(min_length=1, max_length=200)


def add_intents(router: APIRouter, desk: Desk) -> None:
    """The one route. A form of another page cannot send to it: it takes nothing but JSON."""

    @router.put("/staff/sites/{site}/traces/{trace}/intent")
    async def correct(request: Request, site: str, trace: UUID) -> Response:
        visit = await desk.visit(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the correction as {JSON}.")
        try:
            intent = _Asked.model_validate_json(await request.body()).intent
        except ValidationError:
            return refused(HTTPStatus.BAD_REQUEST, 'Send the name of an intent, as {"intent": "…"}.')
        found = await desk.services.sites.named(site)
        if found is None or not visit.principal.may_see(found.id):
            return refused(HTTPStatus.NOT_FOUND, "There is no such site, or it is not one of yours.")
        async with desk.services.sessions.begin() as session:
            names = [each.name for each in (await wanted_by(session, found.id)).intents]
            if intent not in names:
                return refused(HTTPStatus.BAD_REQUEST, f"The site has no such intent; it has {', '.join(names)}.")
            corrected = await correct_intent(session, found.id, trace, intent, visit.principal.id)
        if corrected is None:
            return refused(HTTPStatus.NOT_FOUND, "The site has no such turn whose intent was guessed.")
        return JSONResponse({"trace": str(trace), "taken_for": corrected.taken_for, "intent": corrected.intent})


def refused(status: HTTPStatus, sentence: str) -> Response:
    """A sentence that says what to do, as JSON."""
    return JSONResponse({"detail": sentence}, status)
