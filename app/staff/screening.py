"""Staff look at what the guards stopped or noted, and say where the screen was wrong: a page, and the same as JSON."""

from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.db.audit import record
from app.db.screening import label_screening, needing_attention
from app.sites.book import SiteView
from app.staff.desk import Desk, Visit
from app.staff.json_sent import refused, sent, site_of
from app.staff.refusals import NotShown, not_found
from app.staff.said import Said
from app.staff.sites import site_for

A_PAGE = 100
_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)
_HOW = "Give `before` as a moment, such as 2026-01-31T12:00:00Z."
_SAYS = {True: "a false alarm", False: "an attack"}


class _Label(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    false_alarm: bool


def add_screening(router: APIRouter, desk: Desk) -> None:
    """The list, and what is said of one turn."""

    @router.get("/staff/sites/{site}/attention")
    async def attention(request: Request, site: str) -> Response:
        visit = await desk.visit(request)
        return await (listed_page if _wants_page(request) else listed_json)(request, visit, site)

    async def listed_page(request: Request, visit: Visit, name: str) -> Response:
        found = await site_for(desk, visit, name)
        try:
            before = _before(request)
        except ValidationError:
            raise NotShown(HTTPStatus.BAD_REQUEST, "This list cannot be shown", _HOW) from None
        async with desk.services.sessions() as session:
            turns = await needing_attention(session, found.id, before=before, limit=A_PAGE + 1)
        following = turns[A_PAGE - 1].at.isoformat() if len(turns) > A_PAGE else None
        return desk.render(
            "attention.html",
            request,
            visit,
            site=found,
            turns=turns[:A_PAGE],
            following=following,
            before=request.query_params.get("before", ""),
            says=_SAYS,
        )

    async def listed_json(request: Request, visit: Visit, name: str) -> Response:
        found = await site_of(desk, visit, name)
        if isinstance(found, Response):
            return found
        try:
            before = _before(request)
        except ValidationError:
            return refused(HTTPStatus.BAD_REQUEST, _HOW)
        async with desk.services.sessions() as session:
            turns = await needing_attention(session, found.id, before=before, limit=A_PAGE)
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
                    "message": turn.said,
                    "false_alarm": turn.false_alarm,
                }
                for turn in turns
            ],
            headers={"Cache-Control": "no-store", "Vary": "Accept"},
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
        if not await labelled(visit, found, trace, given.false_alarm):
            return refused(HTTPStatus.NOT_FOUND, "The site has no such turn that was screened.")
        return JSONResponse({"trace": str(trace), "false_alarm": given.false_alarm})

    @router.post("/staff/sites/{site}/traces/{trace}/false-alarm")
    async def label_on_page(request: Request, site: str, trace: UUID) -> Response:
        visit = await desk.visit(request)
        form = await desk.form(request, visit)
        found = await site_for(desk, visit, site)
        false_alarm = {"true": True, "false": False}.get(form["false_alarm"])
        if false_alarm is None or not await labelled(visit, found, trace, false_alarm):
            raise not_found()
        where = f"/staff/sites/{found.name}/attention"
        if form["before"]:
            where += f"?before={quote(form['before'], safe='')}"
        return desk.go(request, where, Said(f"Noted as {_SAYS[false_alarm]}."))

    async def labelled(visit: Visit, site: SiteView, trace: UUID, false_alarm: bool) -> bool:
        async with desk.services.sessions.begin() as session:
            if not await label_screening(session, site.id, trace, false_alarm=false_alarm):
                return False
            await record(
                session,
                desk.services.secret,
                actor=f"member {visit.principal.id}",
                action="label screening",
                subject=f"trace:{trace}",
                details={"site": site.name, "false_alarm": false_alarm},
            )
        return True


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _before(request: Request) -> datetime:
    return _MOMENT.validate_python(request.query_params.get("before") or datetime.now(UTC))
