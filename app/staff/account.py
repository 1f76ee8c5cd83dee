"""The page of one's own account: password, second factor, sessions."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.db.member_sessions import end_session, end_sessions, open_sessions
from app.members.passwords import PasswordRefused, TooManyChecks, hashed
from app.members.people import chosen, set_password
from app.members.second_factor import remove
from app.members.sign_in import SignInRefused
from app.staff.desk import Desk, Visit
from app.staff.forms import Form
from app.staff.said import Said

PAGE = "/staff/account"


def add_account(router: APIRouter, desk: Desk) -> None:
    """The page and what its forms do."""
    sessions = desk.services.sessions

    async def page(request: Request, visit: Visit, form: Form) -> Response:
        async with sessions() as session:
            own = await open_sessions(session, visit.member.id)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        return desk.render("account.html", request, visit, status=status, form=form, sessions=own)

    @router.get(PAGE)
    async def account(request: Request) -> Response:
        return await page(request, await desk.visit(request), Form())

    @router.post(f"{PAGE}/password")
    async def change_password(request: Request) -> Response:
        visit = await desk.visit(request)
        form = await desk.form(request, visit)
        password = form.two_passwords()
        password_hash = ""
        try:
            if not form.errors:
                chosen(password, visit.member.email)
                await desk.prove(request, visit, form)
                password_hash = "" if form.errors else await hashed(password)
        except (PasswordRefused, TooManyChecks) as error:
            form.wrong("password", str(error))
        if form.errors:
            return await page(request, visit, form)
        async with sessions.begin() as session:
            await set_password(session, visit.member.id, password_hash, keep_session=visit.session.session_id)
        return desk.go(request, PAGE, Said("Your password is changed. Your other sessions have ended."))

    @router.post(f"{PAGE}/second-factor")
    async def remove_second_factor(request: Request) -> Response:
        visit = await desk.visit(request)
        form = await desk.form(request, visit)
        try:
            await desk.second_factor.check(visit.member.id, form["code"])
        except SignInRefused as error:
            form.wrong("code", str(error))
            return await page(request, visit, form)
        async with sessions.begin() as session:
            await remove(session, visit.member.id, keep_session=visit.session.session_id)
        return desk.go(request, PAGE, Said("Your second factor is removed. Your other sessions have ended."))

    @router.post(f"{PAGE}/sessions")
    async def end_others(request: Request) -> Response:
        visit = await desk.visit(request)
        await desk.form(request, visit)
        async with sessions.begin() as session:
            await end_sessions(session, visit.member.id, but=visit.session.session_id)
        return desk.go(request, PAGE, Said("All your other sessions have ended."))

    @router.post(f"{PAGE}/sessions/{{session_id}}")
    async def end_own(request: Request, session_id: UUID) -> Response:
        visit = await desk.visit(request)
        await desk.form(request, visit)
        async with sessions.begin() as session:
            ended = await end_session(session, session_id, member_id=visit.member.id)
        return desk.go(request, PAGE, Said("The session has ended." if ended else "That session has ended before."))
