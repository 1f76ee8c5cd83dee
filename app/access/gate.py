"""The gate before everything: lets through what `app.access.routes` names, for whom it names, and not too large.

Chainlit's application has doors that we do not use and that are open by default: sharing, MCP, other people's feedback,
the copilot, sign-in by foreign tokens, API docs from another host. What is not in the table does not exist.
"""

import logging
import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.access.credentials import Credentials, Found
from app.access.refusals import refusal
from app.access.routes import Route, Who, route_of
from app.staff.desk import Desk
from app.wiring import Services
from graph.errors import ConfigError, StorageDown

_HOST = re.compile(r"[\w.\-\[\]:]{1,255}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
"""On every answer that does not set its own."""
ANY_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Expose-Headers": "Retry-After",
}
"""On the widget's answers. No cookie opens them, so a page that reads them learns what its own token lets it."""
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    "Access-Control-Max-Age": "7200",
}
HSTS = "max-age=31536000"
_FITS: dict[Who, frozenset[str]] = {
    "page": frozenset({"guest", "visitor"}),
    "widget": frozenset({"guest", "visitor"}),
    "member": frozenset({"staff", "admin"}),
    "admin": frozenset({"admin"}),
}
"""The kinds of callers that each sort of route is for."""
_TITLES = {403: "Not for you", 404: "Not found", 409: "This site cannot be shown", 413: "Too large"}

log = logging.getLogger(__name__)


class TooLarge(Exception):
    """The body of a request is larger than it may be."""


def host_of(headers: Headers) -> str:
    """The host that the browser named; empty when it is not one."""
    host = headers.get("host", "")
    return host if _HOST.fullmatch(host) else ""


def _name_in(host: str) -> str | None:
    """The name without its port; None when there is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # brackets that hold no address
        return None


class Gate:
    """ASGI middleware.

    Args:
        origins: pages that may use the chat page, besides its own.
        hosts: names that this server is called by; none: any.
        body_bytes: the most that a request may bring.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        services: Services,
        credentials: Credentials,
        origins: Iterable[str],
        hosts: Iterable[str],
        body_bytes: int,
    ) -> None:
        self._app, self._services, self._credentials = app, services, credentials
        self._origins, self._hosts, self._body_bytes = frozenset(origins), frozenset(hosts), body_bytes
        self._desk = Desk(services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that may not pass, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused: _Refused | None = None
        try:
            await self._admit(scope)
        except _Refused as error:
            refused = error
        except (DBAPIError, NoConnectionFree):
            log.exception("the database failed at the gate")
            refused = _Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(StorageDown()), "busy")
        if refused:
            await self._refuse(refused, scope, receive, send)
        else:
            await self._pass(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        """Find the route and who asks; `_Refused` when the request may not pass."""
        connection = HTTPConnection(scope)
        headers, path, method = connection.headers, scope["path"], scope.get("method", "GET")
        name = _name_in(host_of(headers))
        if name is None and "host" in headers:
            raise _Refused(HTTPStatus.BAD_REQUEST, "The header Host holds no name.")
        if "content-length" in headers and "transfer-encoding" in headers:
            # A proxy before us may believe the one and we the other: the rest would be somebody's next request.
            raise _Refused(HTTPStatus.BAD_REQUEST, "Give Content-Length or Transfer-Encoding, not both.")
        if self._hosts and name not in self._hosts:
            raise _Refused(HTTPStatus.MISDIRECTED_REQUEST, "This server is not known by that name; see server.hosts.")
        if method == "OPTIONS" and path.startswith("/widget/"):
            raise _Refused(HTTPStatus.NO_CONTENT, "")
        found = route_of(method, path)
        if found is None or _CONTROL.search(path):
            raise _Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
        route, parts = found
        connection.state.private = route.who != "anyone"
        by_cookie = route.who in ("anyone", "page", "member", "admin") and not path.startswith("/widget/")
        changes = scope["type"] == "websocket" or method not in _SAFE
        if by_cookie and changes and not self._may_come_from(headers, route):
            raise _Refused(HTTPStatus.FORBIDDEN, "This page may not be used from there.")
        if int(headers.get("content-length", "0") or 0) > self._body_bytes:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too large to be read here.")
        await self._recognise(route, parts, connection)

    async def _recognise(self, route: Route, parts: dict[str, str], connection: HTTPConnection) -> None:
        asking = await self._credentials.read(route.who, connection)
        if route.who != "anyone":
            _check(route, asking)
        if route.site == "path":
            try:
                site = await self._services.sites.named(parts["site"])
            except ConfigError:
                sentence = "Its configuration cannot be read; `parley site show` says why."
                raise _Refused(HTTPStatus.CONFLICT, sentence) from None
            if site is None or not asking.principal.may_see(site.id):
                raise _Refused(HTTPStatus.NOT_FOUND, "There is no such site, or it is not one of yours.")
        connection.state.principal = asking.principal
        connection.state.visitor = asking.visitor

    def _may_come_from(self, headers: Headers, route: Route) -> bool:
        origin = headers.get("origin")
        if origin is None or origin.partition("://")[2] == headers.get("host"):
            return True
        return route.who not in ("member", "admin") and origin in self._origins

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        read, began, over = 0, False, False

        async def counted() -> Message:
            nonlocal read, over
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > self._body_bytes:
                    over = True
                    raise TooLarge
            return message

        async def marked(message: Message) -> None:
            nonlocal began
            if over and not began:
                return  # whoever read the body took its end for some other fault
            if message["type"] == "http.response.start":
                began = True
                _mark(MutableHeaders(raw=message["headers"]), scope)
            await send(message)

        try:
            await self._app(scope, counted, marked)
        except Exception:
            if not over:
                raise
        if over and not began:
            refused = _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too large to be read here.")
            await self._refuse(refused, scope, receive, send)

    async def _refuse(self, refused: "_Refused", scope: Scope, receive: Receive, send: Send) -> None:
        """Say so, as the door's clients read it."""
        if scope["type"] == "websocket":
            await WebSocketClose(1008, refused.sentence)(scope, receive, send)
            return
        response = self._said(refused, scope)
        if refused.status == HTTPStatus.NO_CONTENT:
            response.body = b""
            response.headers.update(PREFLIGHT)
            del response.headers["content-length"]
        elif refused.status == HTTPStatus.BAD_REQUEST:
            response.headers["Connection"] = "close"
        _mark(response.headers, scope)
        await response(scope, receive, send)

    def _said(self, refused: "_Refused", scope: Scope) -> Response:
        path, status, headers = scope["path"], refused.status, Headers(scope=scope)
        wants_page = headers.get("sec-fetch-mode") == "navigate" or "text/html" in headers.get("accept", "")
        if wants_page and path.startswith("/staff") and status in _TITLES:
            values = {"title": _TITLES[status], "sentence": refused.sentence}
            return self._desk.render("message.html", Request(scope), None, status=status, **values)
        return refusal(scope["method"], path, status, refused.sentence, code=refused.code, wants_page=wants_page)


class _Refused(Exception):
    """A request that may not pass."""

    def __init__(self, status: HTTPStatus, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.code = status, sentence, code


def _check(route: Route, asking: Found) -> None:
    if asking.expired:
        raise _Refused(HTTPStatus.UNAUTHORIZED, "This session is out of date.", "token_expired")
    kind = asking.principal.kind
    if route.who in _FITS:
        if kind == "nobody":
            sentence = "This session is not valid here." if route.who == "widget" else "Please sign in."
            raise _Refused(HTTPStatus.UNAUTHORIZED, sentence)
        if kind not in _FITS[route.who]:
            raise _Refused(HTTPStatus.FORBIDDEN, "This is for admins only.")
        return
    if kind != "service":
        sentence = "This service token is missing or unknown, has expired or was revoked."
        raise _Refused(HTTPStatus.UNAUTHORIZED, sentence, "invalid_api_key")
    if route.who != "service" and route.who not in asking.principal.scopes:
        raise _Refused(HTTPStatus.FORBIDDEN, f"This service token is not for {route.who}.", "missing_scope")


def _mark(headers: MutableHeaders, scope: Scope) -> None:
    if scope["path"] == "/widget.js" or scope["path"].startswith("/widget/"):
        for name, value in ANY_ORIGIN.items():
            headers.setdefault(name, value)
    if scope.get("state", {}).get("private", True):
        headers.setdefault("Cache-Control", "no-store")
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scope["scheme"] in ("https", "wss"):
        headers.setdefault("Strict-Transport-Security", HSTS)
        # Chainlit sets its cookie without `Secure`, even where the page came encrypted.
        for at, (key, cookie) in enumerate(headers.raw):
            if key.lower() == b"set-cookie" and b"secure" not in cookie.lower():
                headers.raw[at] = (key, cookie + b"; Secure")
