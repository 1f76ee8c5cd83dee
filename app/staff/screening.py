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
from app.sites.book import SiteView
from app.staff.desk import Desk, Visit
from app.staff.intents import JSON, refused

_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


class _Label(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    false_alarm: bool


def add_screening(router: APIRouter, desk: Desk) -> None:
    """The two routes. A form of another page cannot send to the one that changes something: it takes only JSON."""

    @router.get("/staff/sites/{site}/attention")
    async def attention(request: Request, site: str) -> Response:
        found = await _site(desk, await desk.visit(request), site)
        if found is None:
            return refused(HTTPStatus.NOT_FOUND, "There is no such site, or it is not one of yours.")
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
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the label as {JSON}.")
        try:
            false_alarm = _Label.model_validate_json(await request.body()).false_alarm
        except ValidationError:
            return refused(HTTPStatus.BAD_REQUEST, 'Say whether it was one, as {"false_alarm": true} or false.')
        found = await _site(desk, visit, site)
        if found is None:
            return refused(HTTPStatus.NOT_FOUND, "There is no such site, or it is not one of yours.")
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


async def _site(desk: Desk, visit: Visit, name: str) -> SiteView | None:
    """A site that the visitor may see."""
    found = await desk.services.sites.named(name)
    return found if found and visit.principal.may_see(found.id) else None
