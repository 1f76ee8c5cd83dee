"""What all pages for staff share: who looks at them, what their forms send, and how they are drawn."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.access.keys import new_token
from app.access.principal import Principal, principal_of
from app.db.members import find_member
from app.db.tables import Member
from app.members.cookies import read_cookie, set_cookie
from app.members.passwords import TooManyChecks
from app.members.second_factor import SecondFactor
from app.members.sessions import SignedIn, signed_in
from app.members.sign_in import SignIn, SignInRefused, TooOften
from app.staff.forms import TOKEN, Form, is_ours, read_form, token_for
from app.staff.refusals import Elsewhere, NotShown
from app.staff.said import Said, drop_said, keep_said, read_said
from app.wiring import Services

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
        self.sign_in = SignIn(self.services.sessions, self.services.secret)
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

    async def prove(self, request: Request, visit: Visit, form: Form) -> None:
        """Check the current password in a form, for what a session alone is not enough for.

        Members who sign in at a provider only have none to give.
        """
        if visit.member.password_hash is None:
            return
        address, _ = came_from(request)
        try:
            await self.sign_in.prove(visit.member.email, form["current"], address=address)
        except (TooOften, TooManyChecks) as error:
            form.wrong("current", str(error))
        except SignInRefused:
            form.wrong("current", "The current password is wrong.")

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
        said = read_said(request, self.services.secret)
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
            drop_said(response, request)
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
            keep_said(response, request, self.services.secret, said)
        if session is not None:
            set_cookie(response, request, session, age_s=_SESSION_S if session else 0)
        return response

    def address(self, request: Request) -> str:
        """The origin under which others reach us, for links."""
        return self.services.settings.server.public_url or f"{request.url.scheme}://{request.url.netloc}"


def _hidden_field(token: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, token)


def came_from(request: Request) -> tuple[str, str]:
    """The network address that a request comes from, and what its browser calls itself."""
    return request.client.host if request.client else "", request.headers.get("user-agent", "")[:500]


def moment(at: datetime) -> str:
    """A time as people read it."""
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"
