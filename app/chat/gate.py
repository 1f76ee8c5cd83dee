"""The gate before Chainlit: lets through what the page uses, from where it may come, and not too large.

Chainlit's application has doors that we do not use and that are open by default: sharing, MCP, other people's feedback,
the copilot, sign-in by foreign tokens, API docs from another host. What is not named here does not exist.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_OPEN = (
    ("GET HEAD", r"/(login|login/callback|thread/[\w-]{1,64})?"),
    ("GET", r"/(public|assets|avatars)/.+|/(favicon|logo|user|auth/config)"),
    ("GET", r"/project/(translations|settings)|/project/thread/[\w-]{1,64}(/element/[\w-]{1,64})?"),
    ("POST", r"/(login|logout|set-session-cookie)|/project/(threads|action|file)"),
    ("PUT DELETE", r"/feedback|/project/thread"),
    ("GET", r"/sources/[\w-]{1,64}/\d{1,3}|/attachments/[\w-]{1,64}|/healthz|/readyz"),
    ("GET POST", r"/ws/socket\.io/?"),
)
_RULES = tuple((frozenset(methods.split()), re.compile(path)) for methods, path in _OPEN)
_HOST = re.compile(r"[\w.\-\[\]:]{1,255}")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class TooLarge(Exception):
    """The body of a request is larger than it may be."""


def is_open(method: str, path: str) -> bool:
    """Whether there is such a door."""
    return any(method in methods and rule.fullmatch(path) for methods, rule in _RULES)


def host_of(headers: Headers) -> str:
    """The host that the browser named; empty when it is not one."""
    host = headers.get("host", "")
    return host if _HOST.fullmatch(host) else ""


class Gate:
    """ASGI middleware. `origins` may use the page besides its own; bodies have at most `body_bytes`."""

    def __init__(self, app: ASGIApp, *, origins: Iterable[str], body_bytes: int) -> None:
        self._app, self._origins, self._body_bytes = app, frozenset(origins), body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that may not pass, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        method = scope.get("method", "GET")
        if not is_open(method, path):
            await _refuse(scope, receive, send, HTTPStatus.NOT_FOUND, "There is nothing here.")
        elif (scope["type"] == "websocket" or method not in _SAFE) and not self._may_come_from(headers):
            await _refuse(scope, receive, send, HTTPStatus.FORBIDDEN, "This page may not be used from there.")
        elif int(headers.get("content-length", "0") or 0) > self._body_bytes:
            await _refuse(
                scope, receive, send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too large to be read here."
            )
        else:
            await self._pass(scope, receive, send)

    def _may_come_from(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        return origin is None or origin in self._origins or urlsplit(origin).netloc == headers.get("host")

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        read, began = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > self._body_bytes:
                    raise TooLarge
            return message

        async def marked(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                _mark(MutableHeaders(raw=message["headers"]), secure=scope["scheme"] == "https")
            await send(message)

        try:
            await self._app(scope, counted, marked)
        except TooLarge:
            if not began:
                await _refuse(
                    scope, receive, send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too large to be read here."
                )


def _mark(headers: MutableHeaders, *, secure: bool) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if secure:
        # Chainlit sets its cookie without `Secure`, even where the page came encrypted.
        for at, (key, cookie) in enumerate(headers.raw):
            if key.lower() == b"set-cookie" and b"secure" not in cookie.lower():
                headers.raw[at] = (key, cookie + b"; Secure")


async def _refuse(scope: Scope, receive: Receive, send: Send, status: HTTPStatus, sentence: str) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(1008, sentence)(scope, receive, send)
        return
    await JSONResponse({"detail": sentence}, status, headers=HEADERS)(scope, receive, send)
