"""`parley user …`: people who may sign in."""

import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.address import own_address
from app.cli.keys import operator
from app.cli.run import CommandFailed, on_database, run, settings_for, used_wrongly
from app.db.attempts import unlock as forget_failures
from app.db.audit import record
from app.db.member_sessions import end_sessions, open_sessions
from app.db.members import list_members, member_by_email
from app.db.sites import ensure_site
from app.db.tables import Member
from app.db.users import visitors_with_password
from app.members import people
from app.members.links import first_link, new_link
from app.members.passwords import hashed
from app.members.second_factor import remove
from app.members.visitors import add_visitor
from app.secret import secret_of
from app.settings import Settings

Result = TypeVar("Result")

users = typer.Typer(help="People who may sign in.", no_args_is_help=True)


class Role(StrEnum):
    """What an account is for."""

    visitor = "visitor"
    staff = "staff"
    admin = "admin"


Email = Annotated[str, typer.Argument(help="The member's e-mail address.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON Lines.")]


@users.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The e-mail address to sign in with; a visitor's may be any name.")],
    role: Annotated[Role, typer.Option(help="Visitors use the chat page; staff and admins the pages at /staff.")] = (
        Role.visitor
    ),
    site: Annotated[
        list[str] | None, typer.Option(help="Site of the account; may be given again. Unset: that of the chat page.")
    ] = None,
    display_name: Annotated[str, typer.Option(help="A member's name, as colleagues know them.")] = "",
    invite: Annotated[bool, typer.Option("--invite", help="Print a link to choose a password, for members.")] = False,
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
) -> None:
    """Add an account, or give an existing one a new password; a member's role and sites are set anew, too."""
    settings = settings_for()
    if role is Role.visitor:
        if invite:
            used_wrongly("Only staff and admins can be invited; give a visitor a password.")
        _add_visitor(settings, name, site, _password(from_stdin=password_stdin))
        return
    as_member: people.Role = "admin" if role is Role.admin else "staff"
    password = None if invite else people.chosen(_password(from_stdin=password_stdin), people.normal(name))

    async def work(session: AsyncSession) -> str | None:
        sites = site or [(await ensure_site(session, settings.chat.site)).name]
        known = await member_by_email(session, people.normal(name))
        if known is None:
            member_id = await people.add(session, name, display_name, as_member, sites)
        else:
            member_id = known.id
            await people.place(session, member_id, as_member, sites)
        what = "add member" if known is None else "change member"
        await _keep(session, settings, what, member_id, role=as_member, sites=sites)
        if password is None:
            return await new_link(session, "invite", member_id)
        await people.set_password(session, member_id, await hashed(password))
        return None

    link = _run(settings, "add", work)
    if link is None:
        print(f"{name} can sign in at {own_address(settings.server)}/staff.")
    else:
        _print_link(settings, link, f"With this link {name} chooses a password; it works once, within 7 days.")


@users.command("list")
def list_(
    visitors: Annotated[bool, typer.Option("--visitors", help="Visitors with a password instead of members.")] = False,
    as_json: Json = False,
) -> None:
    """List the members, or the visitors who have a password."""
    settings = settings_for()
    if visitors:
        for name, site in _run(settings, "list", visitors_with_password):
            _print({"name": name, "site": site}, f"{name:40} {site}", as_json=as_json)
        return
    for one in _run(settings, "list", list_members):
        member, state = one.member, people.state_of(one.member)
        record = {
            "email": member.email,
            "name": member.display_name,
            "role": member.role,
            "sites": None if member.role == "admin" else one.sites,
            "state": state,
            "second_factor": member.totp_secret is not None,
        }
        where = "all sites" if member.role == "admin" else ", ".join(one.sites)
        _print(record, f"{member.email:40} {member.role:6} {state:16} {where}", as_json=as_json)


@users.command("reset")
def reset(
    email: Email,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Remove the second factor instead, and end all sessions.")
    ] = False,
) -> None:
    """Print a one-time link with which a member chooses a new password."""
    settings = settings_for()

    async def work(session: AsyncSession) -> str | None:
        member = await _member(session, email)
        if second_factor:
            await remove(session, member.id)
            await _keep(session, settings, "second-factor member", member.id)
            return None
        await _keep(session, settings, "link for member", member.id)
        return await new_link(session, "password", member.id)

    link = _run(settings, "reset", work)
    if link is None:
        print(f"{email} signs in without a second factor now, until they set one up again.")
    else:
        _print_link(settings, link, f"With this link {email} chooses a new password; it works once, within 24 hours.")


@users.command("unlock")
def unlock(email: Email) -> None:
    """Let a member try again at once after too many wrong passwords."""

    async def work(session: AsyncSession) -> None:
        await forget_failures(session, (await _member(session, email)).id)

    _run(settings_for(), "unlock", work)
    print(f"{email} can try to sign in again.")


@users.command("disable")
def disable(
    email: Email,
    undo: Annotated[bool, typer.Option("--undo", help="Let them in again.")] = False,
) -> None:
    """Shut a member out at once. Nothing of theirs is lost."""

    async def work(session: AsyncSession) -> None:
        member = await _member(session, email)
        await (people.enable if undo else people.disable)(session, member.id)
        await _keep(session, settings, "enable member" if undo else "disable member", member.id)

    settings = settings_for()
    _run(settings, "disable", work)
    print(f"{email} can sign in again." if undo else f"{email} is shut out, and signed out everywhere.")


@users.command("sessions")
def sessions(
    email: Annotated[str | None, typer.Argument(help="A member's e-mail address. Unset: everybody.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End all sessions of the member.")] = False,
    as_json: Json = False,
) -> None:
    """List the browsers in which members are signed in, or end a member's."""
    if end and email is None:
        used_wrongly("Name the member whose sessions are to end.")

    async def work(session: AsyncSession) -> int | None:
        member = await _member(session, email) if email is not None else None
        if member is not None and end:
            return await end_sessions(session, member.id)
        for one in await open_sessions(session, member.id if member else None):
            record = {
                "email": one.email,
                "browser": one.browser,
                "address": one.address,
                "method": one.method,
                "since": one.created_at.isoformat(),
                "last_used": one.seen_at.isoformat(),
            }
            text = f"{one.email:40} {one.browser:24} {one.address:20} last used {one.seen_at:%Y-%m-%d %H:%M}"
            _print(record, text, as_json=as_json)
        return None

    ended = _run(settings_for(), "sessions", work)
    if ended is not None:
        print(f"Ended {ended} sessions of {email}.")


@users.command("link")
def link() -> None:
    """Print a new one-time link for the first admin, while there is none."""
    settings = settings_for()
    path = _run(settings, "link", first_link)
    if path is None:
        raise CommandFailed("There is an admin already; `parley user reset EMAIL` prints a link for a new password.")
    _print_link(settings, path, "Whoever opens this link first, within 24 hours, becomes the first admin.")


def _add_visitor(settings: Settings, name: str, sites: list[str] | None, password: str) -> None:
    names = sites or [settings.chat.site]

    async def work(session: AsyncSession) -> None:
        for site in names:
            await add_visitor(session, await ensure_site(session, site), name, password)

    _run(settings, "add", work)
    print(f"{name} can sign in to site {', '.join(names)}.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        used_wrongly("Give the password on standard input with --password-stdin.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        used_wrongly("The two passwords differ; try again.")
    return password


async def _keep(session: AsyncSession, settings: Settings, action: str, member_id: UUID, **details: object) -> None:
    """Put it into the audit log."""
    whom = people.actor(member_id)
    await record(session, secret_of(settings), actor=operator(), action=action, subject=whom, details=details)


async def _member(session: AsyncSession, email: str) -> Member:
    member = await member_by_email(session, people.normal(email))
    if member is None:
        raise CommandFailed(f"There is no member {email}; `parley user list` shows those there are.")
    return member


def _run(settings: Settings, name: str, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    return run(on_database(settings, f"parley user {name}", work))


def _print_link(settings: Settings, path: str, sentence: str) -> None:
    print(sentence, file=sys.stderr)
    print(own_address(settings.server) + path)


def _print(record: dict[str, Any], text: str, *, as_json: bool) -> None:
    print(json.dumps(record, ensure_ascii=False) if as_json else text)
