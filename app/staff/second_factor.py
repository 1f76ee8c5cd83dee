"""The page of the second factor: where it is set up, and where its code is asked for at sign-in."""

from http import HTTPStatus
from typing import Any

import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from app.db.member_sessions import end_sessions
from app.members.second_factor import CodeRefused, new_offer, offered
from app.members.sessions import raise_session
from app.members.sign_in import SignInRefused
from app.members.totp import as_address, as_text
from app.staff.desk import SIGN_IN, Desk, Visit
from app.staff.door import next_path
from app.staff.forms import Form
from app.staff.refusals import Elsewhere
from app.staff.said import Said

PAGE = "/staff/second-factor"


def add_second_factor(router: APIRouter, desk: Desk) -> None:
    """The one page, which shows what is missing."""

    async def here(request: Request) -> Visit:
        visit = await desk.whoever(request)
        if visit is None:
            raise Elsewhere(SIGN_IN)
        if visit.session.stage == "in" and visit.member.totp_secret is not None:
            raise Elsewhere("/staff/account")
        return visit

    def page(request: Request, visit: Visit, form: Form, to: str) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        values: dict[str, Any] = {"status": status, "form": form, "next": to}
        if visit.session.stage == "code":
            return desk.render("code.html", request, visit, **values)
        secret, session_id = desk.services.secret, visit.session.session_id
        offer = form["offer"] or new_offer(secret, session_id)
        totp = offered(secret, offer, session_id)
        if totp is None:
            offer = new_offer(secret, session_id)
            totp = offered(secret, offer, session_id) or b""
        address = as_address(totp, issuer=desk.services.settings.chat.name, name=visit.member.email)
        code = segno.make(address, error="m", micro=False)
        drawn = code.svg_inline(scale=5, border=3, light="#fff", title="QR code for an authenticator app")
        values |= {"offer": offer, "drawn": Markup(drawn), "typed": as_text(totp)}  # noqa: S704 - made by segno of digits
        return desk.render("set_up.html", request, visit, **values)

    @router.get(PAGE)
    async def second_factor(request: Request) -> Response:
        return page(request, await here(request), Form(), next_path(request.query_params.get("next", "")))

    @router.post(PAGE)
    async def give_code(request: Request) -> Response:
        visit = await here(request)
        form = await desk.form(request, visit)
        to = next_path(form["next"])
        member_id, session_id = visit.member.id, visit.session.session_id
        said = None
        try:
            if visit.session.stage == "code":
                await desk.second_factor.check(member_id, form["code"])
            else:
                if visit.session.stage == "in":
                    await desk.prove(request, visit, form)
                if form.errors:
                    return page(request, visit, form, to)
                totp = offered(desk.services.secret, form["offer"], session_id)
                if totp is None:
                    raise CodeRefused("This page is out of date. Scan the new code below.")
                await desk.second_factor.set_up(member_id, totp, form["code"])
                said = Said("Your second factor is set up. From now on you sign in with a code, too.")
        except SignInRefused as error:
            form.wrong("code", str(error))
            return page(request, visit, form, to)
        async with desk.services.sessions.begin() as session:
            secret = await raise_session(session, session_id)
            if said is not None:
                await end_sessions(session, member_id, but=session_id)
        return desk.go(request, to, said, session=secret)
