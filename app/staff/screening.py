"""Staff look at what the screen for injected instructions stopped or noted, and say where it was wrong: JSON."""

from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.db.audit import record
from app.db.screening import label_screening, needing_attention
from app.staff.desk import Desk
from app.staff.json_sent import refused, sent, site_of

_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


class _Label(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    false_alarm: bool


def add_screening(router: APIRouter, desk: Desk) -> None:
    """The two routes."""

    @router.get("/staff/sites/{site}/attention")
    async def attention(request: Request, site: str) -> Response:
        found = await site_of(desk, await desk.visit(request), site)
        if isinstance(found, Response):
            return found
        try:
            before = _MOMENT.validate_python(request.query_params.get("before", datetime.now(UTC)))
        except ValidationError:
            return refused(HTTPStatus.BAD_REQUEST, "Give `before` as a moment, such as 2026-01-31T12:00:00Z.")
        async with desk.services.sessions() as session:
            turns = await needing_attention(session, found.id, before=before)
        return JSONResponse(
            [
                {
                    "trace": str(turn.trace_id),
                    "conversation": str(turn.conversation_id),
                    "answer": turn.message_id and str(turn.message_id),
                    "at": turn.at.isoformat(),
                    "attention": turn.attention,
                    "score": turn.score,
                    "reason": turn.reason,
                    "false_alarm": turn.false_alarm,
                }
                for turn in turns
            ],
            headers={"Cache-Control": "no-store"},
        )

    @router.put("/staff/sites/{site}/traces/{trace}/false-alarm")
    async def label(request: Request, site: str, trace: UUID) -> Response:
        visit = await desk.visit(request)
        given = await sent(request, _Label, 'Say whether it was one, as {"false_alarm": true} or false.')
        if isinstance(given, Response):
            return given
        found = await site_of(desk, visit, site)
        if isinstance(found, Response):
            return found
        false_alarm = given.false_alarm
        async with desk.services.sessions.begin() as session:
            if not await label_screening(session, found.id, trace, false_alarm=false_alarm):
                return refused(HTTPStatus.NOT_FOUND, "The site has no such turn that was screened.")
            await record(
                session,
                desk.services.secret,
                actor=f"member:{visit.principal.id}",
                action="label screening",
                subject=f"trace:{trace}",
                details={"site": found.name, "false_alarm": false_alarm},
            )
        return JSONResponse({"trace": str(trace), "false_alarm": false_alarm})
