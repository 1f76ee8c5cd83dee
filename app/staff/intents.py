"""Staff correct what a turn was taken for: JSON in, JSON out, for the console's own pages."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.db.intents import correct_intent
from app.sites.intents import wanted_by
from app.staff.desk import Desk
from app.staff.json_sent import refused, sent, site_of


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    intent: str = Field(min_length=1, max_length=200)


def add_intents(router: APIRouter, desk: Desk) -> None:
    """The one route."""

    @router.put("/staff/sites/{site}/traces/{trace}/intent")
    async def correct(request: Request, site: str, trace: UUID) -> Response:
        visit = await desk.visit(request)
        asked = await sent(request, _Asked, 'Send the name of an intent, as {"intent": "…"}.')
        if isinstance(asked, Response):
            return asked
        found = await site_of(desk, visit, site)
        if isinstance(found, Response):
            return found
        intent = asked.intent
        async with desk.services.sessions.begin() as session:
            names = [each.name for each in (await wanted_by(session, found.id)).intents]
            if intent not in names:
                return refused(HTTPStatus.BAD_REQUEST, f"The site has no such intent; it has {', '.join(names)}.")
            corrected = await correct_intent(session, found.id, trace, intent, visit.principal.id)
        if corrected is None:
            return refused(HTTPStatus.NOT_FOUND, "The site has no such turn whose intent was guessed.")
        return JSONResponse({"trace": str(trace), "taken_for": corrected.taken_for, "intent": corrected.intent})
