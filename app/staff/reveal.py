"""Admins look behind pseudonyms: JSON in, JSON out, with a reason that stays in the audit log."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.db.audit import record
from app.db.pseudonyms import load_pseudonyms
from app.db.tables import Conversation
from app.members.people import actor
from app.protecting import protect
from app.staff.desk import Desk
from app.staff.json_sent import refused, sent
from graph.errors import GuardDown

MOST = 50
_Token = Annotated[str, Field(min_length=1, max_length=60)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    tokens: list[_Token] = Field(min_length=1, max_length=MOST)
    reason: str = Field(min_length=10, max_length=500)


def add_reveal(router: APIRouter, desk: Desk) -> None:
    """The one route. Everybody else who works here sees pseudonyms."""

    @router.post("/staff/sites/{site}/conversations/{conversation}/reveal")
    async def reveal(request: Request, site: str, conversation: UUID) -> Response:
        visit = await desk.visit(request)
        if visit.principal.kind != "admin":
            return refused(HTTPStatus.FORBIDDEN, "This is for admins only.")
        how = 'Send pseudonyms and a reason of 10 to 500 characters: {"tokens": ["[EMAIL_1]"], "reason": "…"}.'
        asked = await sent(request, _Asked, how)
        if isinstance(asked, Response):
            return asked
        services = desk.services
        found = await services.sites.named(site)
        async with services.sessions() as session:
            there = found and await session.scalar(
                select(Conversation.id).where(Conversation.id == conversation, Conversation.site_id == found.id)
            )
        if found is None or there is None:
            return refused(HTTPStatus.NOT_FOUND, "The site has no such conversation.")
        try:
            reason = await protect(services, found.id, conversation, asked.reason)
        except GuardDown as error:  # whose name the reason holds would stay in the log for ever
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        async with services.sessions.begin() as session:
            values = await load_pseudonyms(session, conversation)
            if unknown := [token for token in asked.tokens if token not in values]:
                return refused(HTTPStatus.NOT_FOUND, f"The conversation has no pseudonym {unknown[0]}.")
            await record(
                session,
                services.secret,
                actor=actor(visit.member.id),
                action="reveal",
                subject=str(conversation),
                details={"site": site, "tokens": asked.tokens, "reason": reason},
            )
        return JSONResponse(
            {"values": {token: values[token] for token in asked.tokens}}, headers={"Cache-Control": "no-store"}
        )
