"""Staff vote an answer away, so that it is not given again: JSON in, JSON out, for the console's own pages."""

from http import HTTPStatus
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.db.audit import record
from app.db.cache import forget_answer
from app.db.traces import answer_of_trace
from app.staff.desk import Desk
from app.staff.json_sent import refused, sent, site_of


class _Vote(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    give_again: Literal[False]


def add_cache(router: APIRouter, desk: Desk) -> None:
    """The one route."""

    @router.put("/staff/sites/{site}/traces/{trace}/give-again")
    async def vote_away(request: Request, site: str, trace: UUID) -> Response:
        visit = await desk.visit(request)
        vote = await sent(request, _Vote, 'Say that the answer is not to be given again, as {"give_again": false}.')
        if isinstance(vote, Response):
            return vote
        found = await site_of(desk, visit, site)
        if isinstance(found, Response):
            return found
        async with desk.services.sessions.begin() as session:
            answer_id = await answer_of_trace(session, found.id, trace)
            forgotten = None if answer_id is None else await forget_answer(session, answer_id)
            if forgotten is None:
                return refused(HTTPStatus.NOT_FOUND, "The site has no such turn that could use the answer cache.")
            await record(
                session,
                desk.services.secret,
                actor=f"member {visit.principal.id}",
                action="vote answer away",
                subject=f"trace:{trace}",
                details={"site": found.name, "forgotten": forgotten},
            )
        return JSONResponse({"trace": str(trace), "forgotten": forgotten})
