"""Signing in at an OpenID provider: the way there and the way back."""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.places import place_of
from app.db.rates import count
from app.members.cookies import read_cookie, set_cookie
from app.members.openid import member_of_identity
from app.members.sessions import keep_sign_in, start
from app.members.sign_in import SignInRefused, must_wait
from app.openid.refused import OpenIdRefused
from app.openid.sign_in import CALLBACK, COOKIE, LASTS_S, begin, finish
from app.staff.desk import SIGN_IN, Desk, came_from
from app.staff.door import next_path
from app.staff.refusals import NotShown
from graph.errors import UnknownSite

BEGUN, BEGUN_S = 30, 600
"""Sign-ins that one place may begin within so many seconds: each is a row, and may ask the provider."""


def add_openid(router: APIRouter, desk: Desk) -> None:
    """Both ways. Whatever goes wrong on them is one sentence on a page."""
    services = desk.services

    async def admit(request: Request) -> None:
        place = place_of(came_from(request)[0])
        async with services.sessions.begin() as session:
            wait_s = await count(session, f"openid from {place}", most=BEGUN, window_s=BEGUN_S)
        if wait_s is not None:
            raise must_wait(wait_s)

    @router.get("/staff/openid")
    async def leave(request: Request) -> Response:
        to = next_path(request.query_params.get("next", ""))
        try:
            await admit(request)
            url, state = await begin(services, to, origin=desk.address(request))
        except (OpenIdRefused, SignInRefused) as error:
            raise _refused(error) from None
        response = RedirectResponse(url, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
        set_cookie(response, request, state, name=COOKIE, age_s=LASTS_S)
        return response

    @router.get(CALLBACK)
    async def come_back(request: Request) -> Response:
        state = read_cookie(request, COOKIE)
        address, agent = came_from(request)
        try:
            identity, to = await finish(services, request.query_params, state, origin=desk.address(request))
            async with services.sessions.begin() as session:
                member_id = await member_of_identity(session, identity, services.settings.openid)
                token = await start(session, member_id, method="openid", agent=agent, address=address)
                await keep_sign_in(session, services.secret, member_id, "openid")
        except (OpenIdRefused, SignInRefused, UnknownSite) as error:
            raise _refused(error) from None
        response = desk.go(request, f"{SIGN_IN}?next={next_path(to)}", session=token)
        set_cookie(response, request, "", name=COOKIE, age_s=0)
        return response


def _refused(error: Exception) -> NotShown:
    return NotShown(HTTPStatus.FORBIDDEN, "You are not signed in", str(error))
