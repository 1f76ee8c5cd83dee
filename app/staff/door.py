"""Signing in and out, and the pages that one-time links open."""

import re
from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.db.member_sessions import end_session
from app.db.members import find_member
from app.db.tables import Member, MemberLink
from app.members.links import LinkRefused, open_link, use_for_first_admin, use_for_password
from app.members.passwords import PasswordRefused, TooManyChecks, hashed
from app.members.people import MemberRefused, chosen, normal
from app.members.sessions import keep_sign_in, start
from app.members.sign_in import SignInRefused
from app.staff.desk import HOME, SIGN_IN, Desk, came_from
from app.staff.forms import Form
from app.staff.refusals import NotShown
from app.staff.said import Said

_OURS = re.compile(r"/staff(/[\w.-]+)*")


def add_door(router: APIRouter, desk: Desk) -> None:
    """The pages for people who are not signed in."""
    _add_sign_in(router, desk)
    _add_links(router, desk)


def next_path(asked: str) -> str:
    """Where to go after the sign-in: a page of ours, whatever the address says."""
    return asked if _OURS.fullmatch(asked) and not {".", "..", "sign-in"} & set(asked.split("/")) else HOME


def _add_sign_in(router: APIRouter, desk: Desk) -> None:
    openid = desk.services.settings.openid.name if desk.services.openid else None

    def page(request: Request, form: Form, to: str) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        return desk.render("sign_in.html", request, None, status=status, form=form, next=to, openid=openid)

    @router.get(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        to = next_path(request.query_params.get("next", ""))
        visit = await desk.whoever(request)
        if visit is None:
            return page(request, Form(), to)
        return desk.go(request, to if visit.session.stage == "in" else f"/staff/second-factor?next={to}")

    @router.post(SIGN_IN)
    async def try_to_sign_in(request: Request) -> Response:
        form = await desk.form(request, None)
        to = next_path(form["next"])
        address, agent = came_from(request)
        try:
            token = await desk.sign_in.enter(form["email"], form["password"], address=address, agent=agent)
        except (SignInRefused, TooManyChecks) as error:
            form.wrong("password", str(error))
            return page(request, form, to)
        return desk.go(request, f"{SIGN_IN}?next={to}", session=token)  # which knows whether anything is missing

    @router.post("/staff/sign-out")
    async def sign_out(request: Request) -> Response:
        visit = await desk.whoever(request)
        if visit is not None:
            await desk.form(request, visit)
            async with desk.services.sessions.begin() as session:
                await end_session(session, visit.session.session_id)
        return desk.go(request, SIGN_IN, Said("You have signed out."), session="")


def _add_links(router: APIRouter, desk: Desk) -> None:
    async def opened(token: str) -> tuple[MemberLink, Member | None]:
        """The link, and whom it is for; nobody yet when it is for the first admin."""
        try:
            async with desk.services.sessions() as session:
                link = await open_link(session, token)
                member = await find_member(session, link.member_id) if link.member_id else None
        except LinkRefused as error:
            raise _useless(error) from None
        return link, member

    def page(request: Request, member: Member | None, form: Form) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        return desk.render("welcome.html", request, None, status=status, member=member, form=form)

    @router.get("/staff/welcome/{token}")
    @router.get("/staff/password/{token}")
    async def welcome(request: Request, token: str) -> Response:
        _, member = await opened(token)
        return page(request, member, Form())

    @router.post("/staff/welcome/{token}")
    @router.post("/staff/password/{token}")
    async def use(request: Request, token: str) -> Response:
        _, member = await opened(token)
        form = await desk.form(request, None)
        email = member.email if member else normal(form["email"])
        password = form.two_passwords()
        address, agent = came_from(request)
        try:
            password_hash = "" if form.errors else await hashed(chosen(password, email))
        except (PasswordRefused, TooManyChecks) as error:
            form.wrong("password", str(error))
        if form.errors:
            return page(request, member, form)
        try:
            async with desk.services.sessions.begin() as session:
                if member is None:
                    id_ = await use_for_first_admin(session, token, email, form["name"], password_hash)
                else:
                    id_ = member.id
                    await use_for_password(session, token, id_, password_hash)
                secret = await start(session, id_, method="link", agent=agent, address=address)
                await keep_sign_in(session, desk.services.secret, id_, "link")
        except MemberRefused as error:
            form.wrong("email", str(error))
            return page(request, member, form)
        except LinkRefused as error:
            raise _useless(error) from None
        return desk.go(request, SIGN_IN, Said("Your password is set, and you are signed in."), session=secret)


def _useless(error: LinkRefused) -> NotShown:
    return NotShown(HTTPStatus.GONE, "This link cannot be used", str(error))
