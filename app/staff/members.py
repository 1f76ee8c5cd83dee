"""The pages on which admins look after the members."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.db.attempts import unlock
from app.db.audit import record
from app.db.member_sessions import end_session, end_sessions, open_sessions
from app.db.members import Listed, list_members
from app.db.sites import list_sites
from app.members.links import new_link
from app.members.people import MemberRefused, Role, actor, add, disable, enable, place, state_of
from app.members.second_factor import remove
from app.staff.desk import Desk, Visit
from app.staff.forms import Form
from app.staff.refusals import not_found
from app.staff.said import Said
from graph.errors import UnknownSite

PAGE = "/staff/members"


def add_members(router: APIRouter, desk: Desk) -> None:
    """The list, and the page of one member."""
    _add_list(router, desk)
    _add_member(router, desk)


def _role(form: Form) -> Role:
    return "admin" if form["role"] == "admin" else "staff"


async def _admin(desk: Desk, request: Request) -> Visit:
    visit = await desk.visit(request)
    if visit.principal.kind != "admin":
        raise not_found()
    return visit


def _add_list(router: APIRouter, desk: Desk) -> None:
    sessions = desk.services.sessions

    async def page(request: Request, visit: Visit, form: Form) -> Response:
        async with sessions() as session:
            listed = await list_members(session)
            sites = [site.name for site in await list_sites(session)]
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        values: dict[str, Any] = {"listed": listed, "sites": sites, "state_of": state_of}
        return desk.render("members.html", request, visit, status=status, form=form, **values)

    @router.get(PAGE)
    async def members(request: Request) -> Response:
        return await page(request, await _admin(desk, request), Form())

    @router.post(PAGE)
    async def invite(request: Request) -> Response:
        visit = await _admin(desk, request)
        form = await desk.form(request, visit)
        role, sites = _role(form), form.all("site")
        if role == "staff" and not sites:
            form.wrong("site", "Choose at least one site.")
            return await page(request, visit, form)
        try:
            async with sessions.begin() as session:
                member_id = await add(session, form["email"], form["name"], role, sites)
                await _keep(desk, session, visit, "add member", member_id, role=role, sites=sites)
                path = await new_link(session, "invite", member_id)
        except MemberRefused as error:
            form.wrong("email", str(error))
        except UnknownSite as error:
            form.wrong("site", str(error))
        if form.errors:
            return await page(request, visit, form)
        said = Said(
            "The member is added. Send them this link; it works once, within 7 days, and is shown only now.",
            desk.address(request) + path,
        )
        return desk.go(request, f"{PAGE}/{member_id}", said)


def _add_member(router: APIRouter, desk: Desk) -> None:
    sessions = desk.services.sessions

    async def found(member_id: UUID) -> Listed:
        async with sessions() as session:
            listed = next((one for one in await list_members(session) if one.member.id == member_id), None)
        if listed is None:
            raise not_found()
        return listed

    async def page(request: Request, visit: Visit, member_id: UUID, form: Form) -> Response:
        listed = await found(member_id)
        async with sessions() as session:
            theirs = await open_sessions(session, member_id)
            sites = [site.name for site in await list_sites(session)]
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        values: dict[str, Any] = {
            "listed": listed,
            "sessions": theirs,
            "sites": sites,
            "state": state_of(listed.member),
        }
        return desk.render("member.html", request, visit, status=status, form=form, **values)

    @router.get(f"{PAGE}/{{member_id}}")
    async def member(request: Request, member_id: UUID) -> Response:
        return await page(request, await _admin(desk, request), member_id, Form())

    @router.post(f"{PAGE}/{{member_id}}")
    async def change(request: Request, member_id: UUID) -> Response:
        visit = await _admin(desk, request)
        form = await desk.form(request, visit)
        await found(member_id)
        role, sites = _role(form), form.all("site")
        if member_id == visit.member.id and role != "admin":
            form.wrong("role", "You cannot take the role from yourself; ask another admin.")
        if role == "staff" and not sites:
            form.wrong("site", "Choose at least one site.")
        if not form.errors:
            try:
                async with sessions.begin() as session:
                    await place(session, member_id, role, sites)
                    await _keep(desk, session, visit, "change member", member_id, role=role, sites=sites)
            except UnknownSite as error:
                form.wrong("site", str(error))
        if form.errors:
            return await page(request, visit, member_id, form)
        return desk.go(request, f"{PAGE}/{member_id}", Said("Role and sites are changed, and hold at once."))

    @router.post(f"{PAGE}/{{member_id}}/sessions/{{session_id}}")
    async def end_one(request: Request, member_id: UUID, session_id: UUID) -> Response:
        visit = await _admin(desk, request)
        await desk.form(request, visit)
        async with sessions.begin() as session:
            await end_session(session, session_id, member_id=member_id)
        return desk.go(request, f"{PAGE}/{member_id}", Said("The session has ended."))

    @router.post(f"{PAGE}/{{member_id}}/{{action}}")
    async def act(request: Request, member_id: UUID, action: str) -> Response:
        visit = await _admin(desk, request)
        await desk.form(request, visit)
        await found(member_id)
        if action == "link":
            async with sessions.begin() as session:
                path = await new_link(session, "password", member_id)
                await _keep(desk, session, visit, "link for member", member_id)
            said = Said(
                "With this link they choose a new password; it works once, within 24 hours, and is shown only now.",
                desk.address(request) + path,
            )
            return desk.go(request, f"{PAGE}/{member_id}", said)
        if action not in _ACTIONS:
            raise not_found()
        if member_id == visit.member.id and action in ("disable", "second-factor"):
            return desk.go(request, f"{PAGE}/{member_id}", Said("You cannot do this to yourself; ask another admin."))
        work, sentence = _ACTIONS[action]
        async with sessions.begin() as session:
            await work(session, member_id)
            await _keep(desk, session, visit, f"{action} member", member_id)
        return desk.go(request, f"{PAGE}/{member_id}", Said(sentence))


async def _keep(
    desk: Desk, session: AsyncSession, visit: Visit, action: str, member_id: UUID, **details: object
) -> None:
    """Put what an admin did to a member into the audit log, in the transaction in which it is done."""
    who, whom = actor(visit.member.id), actor(member_id)
    await record(session, desk.services.secret, actor=who, action=action, subject=whom, details=details)


async def _end_all(session: AsyncSession, member_id: UUID) -> None:
    await end_sessions(session, member_id)


_ACTIONS: dict[str, tuple[Callable[[AsyncSession, UUID], Awaitable[None]], str]] = {
    "unlock": (unlock, "They can try to sign in again."),
    "disable": (disable, "They are disabled and signed out everywhere."),
    "enable": (enable, "They can sign in again."),
    "second-factor": (remove, "Their second factor is removed, and they are signed out everywhere."),
    "sessions": (_end_all, "All their sessions have ended."),
}
