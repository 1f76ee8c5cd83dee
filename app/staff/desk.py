"""What all pages for staff share: who looks at them, how they are drawn, and what they say after a change."""

import base64
import binascii
import json
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.access.keys import new_token
from app.access.principal import Principal, principal_of
from app.db.members import find_member
from app.db.tables import Member
from app.members.cookies import read_cookie, set_cookie
from app.members.sealing import seal, unseal
from app.members.second_factor import SecondFactor
from app.members.sessions import SignedIn, signed_in
from app.members.sign_in import SignIn
from app.staff.forms import TOKEN, Form, is_ours, read_form, token_for
from app.wiring import Services

log = logging.getLogger(__name__)

HOME = "/staff"
SIGN_IN = "/staff/sign-in"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
PREVIEW_POLICY = f"{POLICY}; connect-src 'self'"
"""For the page on which the widget talks to its server."""
_SESSION_S = 7 * 24 * 3600
_FORM = "parley-form"
_FORM_S = 24 * 3600
_SAID = "parley-said"
_SAID_S = 60


class Elsewhere(Exception):
    """The browser is to go to another page."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class NotShown(Exception):
    """There is no page to show but one that says why, in one sentence."""

    def __init__(self, status: HTTPStatus, title: str, sentence: str) -> None:
        super().__init__(title)
        self.status, self.title, self.sentence = status, title, sentence


def not_found() -> NotShown:
    """The refusal of what does not exist, or is not theirs: nobody learns which."""
    return NotShown(HTTPStatus.NOT_FOUND, "Not found", "There is no such page, or it is not one of yours.")


@dataclass(frozen=True, slots=True)
class Said:
    """What the next page says once: a sentence, and perhaps a link that is shown only this time."""

    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page by somebody who is signed in, perhaps not wholly yet."""

    session: SignedIn
    member: Member

    @property
    def principal(self) -> Principal:
        """Who looks."""
        return self.session.principal


@dataclass(slots=True)
class Desk:
    """The services, and what is made of them for the pages."""

    services: Services
    sign_in: SignIn = field(init=False)
    second_factor: SecondFactor = field(init=False)
    _templates: Environment = field(init=False)

    def __post_init__(self) -> None:
        self.sign_in = SignIn(self.services.sessions)
        self.second_factor = SecondFactor(self.services.sessions, self.services.secret)
        self._templates = Environment(
            loader=PackageLoader("app.staff"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters["moment"] = moment
        self._templates.globals["assistant"] = self.services.settings.chat.name

    async def whoever(self, request: Request) -> Visit | None:
        """Who looks at a page for anyone, even with a second factor still missing; None when nobody is signed in."""
        found = await signed_in(self.services, read_cookie(request))
        return await self._visit(found) if found else None

    async def visit(self, request: Request) -> Visit:
        """Who looks at a page for members, as the gate found out.

        Raises:
            Elsewhere: nobody does.
        """
        principal = principal_of(request)
        visit = None
        if principal.kind in ("staff", "admin") and principal.id and principal.session_id:
            visit = await self._visit(SignedIn(principal.session_id, principal.id, principal, "in"))
        if visit is None:
            raise Elsewhere(SIGN_IN)
        return visit

    async def _visit(self, found: SignedIn) -> Visit | None:
        async with self.services.sessions() as session:
            member = await find_member(session, found.member_id)
        return Visit(found, member) if member else None

    def render(
        self,
        page: str,
        request: Request,
        visit: Visit | None,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        policy: str = POLICY,
        **values: Any,
    ) -> Response:
        """Draw a page. It is for this browser and this moment only."""
        browser = read_cookie(request, _FORM) or new_token()
        owner = visit.session.session_id.bytes if visit else browser.encode()
        said = self._said(request)
        text = self._templates.get_template(page).render(
            {
                "visit": visit,
                "path": request.url.path,
                "said": said,
                "ours": partial(_hidden_field, token_for(self.services.secret, owner)),
                "form": Form(),
                **values,
            }
        )
        response = HTMLResponse(text, status, headers={"Cache-Control": "no-store", "Content-Security-Policy": policy})
        if visit is None:
            set_cookie(response, request, browser, name=_FORM, age_s=_FORM_S)
        if said is not None:
            set_cookie(response, request, "", name=_SAID, age_s=0)
        return response

    async def form(self, request: Request, visit: Visit | None) -> Form:
        """The form that was sent.

        Raises:
            NotShown: it was not ours, or was for somebody who has signed in or out since.
        """
        form = await read_form(request)
        owner = visit.session.session_id.bytes if visit else read_cookie(request, _FORM).encode()
        if not is_ours(self.services.secret, owner, form):
            raise NotShown(
                HTTPStatus.BAD_REQUEST,
                "Please try again",
                "This form is out of date, or your browser keeps no cookies for this page. Go back, reload the page "
                "and send it again.",
            )
        return form

    def go(self, request: Request, path: str, said: Said | None = None, *, session: str | None = None) -> Response:
        """Lead the browser on to a page, which says something once; `session` is a new secret for the cookie."""
        response = RedirectResponse(path, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
        if said is not None:
            content = json.dumps([said.text, said.link]).encode()
            sealed = seal(self.services.secret, "staff said", content, owner=b"")
            set_cookie(
                response, request, base64.urlsafe_b64encode(sealed).decode().rstrip("="), name=_SAID, age_s=_SAID_S
            )
        if session is not None:
            set_cookie(response, request, session, age_s=_SESSION_S if session else 0)
        return response

    def address(self, request: Request) -> str:
        """The origin under which others reach us, for links."""
        return self.services.settings.server.public_url or f"{request.url.scheme}://{request.url.netloc}"

    def _said(self, request: Request) -> Said | None:
        value = read_cookie(request, _SAID)
        try:
            sealed = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        except (binascii.Error, ValueError):
            return None
        content = unseal(self.services.secret, "staff said", sealed, owner=b"")
        return Said(*json.loads(content)) if content else None


def _hidden_field(token: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, token)


def came_from(request: Request) -> tuple[str, str]:
    """The network address that a request comes from, and what its browser calls itself."""
    return request.client.host if request.client else "", request.headers.get("user-agent", "")[:500]


def moment(at: datetime) -> str:
    """A time as people read it."""
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def staff_route(desk: Desk) -> type[APIRoute]:
    """Routes whose refusals are pages."""

    class StaffRoute(APIRoute):
        """Turns what a handler raises into a page."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """The handler, with its refusals shown."""
            handle = super().get_route_handler()

            async def shown(request: Request) -> Response:
                try:
                    return await handle(request)
                except Elsewhere as elsewhere:
                    return desk.go(request, elsewhere.path)
                except NotShown as refused:
                    return _message(request, refused)
                except RequestValidationError:  # a part of the address is not what it should be
                    return _message(request, not_found())
                except SQLAlchemyError:
                    log.exception("a page for staff could not reach its records")
                    return _message(
                        request,
                        NotShown(
                            HTTPStatus.SERVICE_UNAVAILABLE,
                            "Our records cannot be reached",
                            "Please try again in a minute. If it stays like this, run `parley doctor`.",
                        ),
                    )

            return shown

    def _message(request: Request, refused: NotShown) -> Response:
        values = {"title": refused.title, "sentence": refused.sentence}
        return desk.render("message.html", request, None, status=refused.status, **values)

    return StaffRoute
