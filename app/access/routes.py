"""Every route there is, and who may call it. The gate lets nothing else through.

A route of somebody's own data names only the kind of caller; that a conversation, an answer or a session is theirs, the
statement that reads it asks. `site` says which site a caller must be allowed to see: `own`, the one that their
credentials are for, or `path`, the one that the address names.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

Who = Literal["anyone", "page", "widget", "member", "admin", "chat", "embeddings", "service"]
"""Credentials that a route takes: none; the chat page's cookie; a visitor's token; a session of staff or admins; one of
admins; a service token for chat, for embeddings, or for anything."""
SiteOf = Literal["none", "own", "path"]

_NAME = re.compile(r"\{(\w+)(\.\.\.)?\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `{name}` in its path stands for a part without slashes, `{name...}` for the rest."""

    methods: frozenset[str]
    path: str
    who: Who
    site: SiteOf
    pattern: re.Pattern[str] = field(compare=False)


def _route(methods: str, path: str, who: Who, site: SiteOf = "none") -> Route:
    pieces = _NAME.split(path)  # text, name, dots, text, name, dots, … text
    pattern = re.escape(pieces[0])
    for name, rest, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        pattern += rf"(?P<{name}>{'.+' if rest else '[^/]{1,200}'}){re.escape(text)}"
    return Route(frozenset(methods.split()), path, who, site, re.compile(pattern))


ROUTES = (
    # health, and metrics, which look at their own token
    _route("GET", "/healthz", "anyone"),
    _route("GET", "/readyz", "anyone"),
    _route("GET", "/metrics", "anyone"),
    # the chat page: documents and files
    _route("GET HEAD", "/", "anyone"),
    _route("GET HEAD", "/login", "anyone"),
    _route("GET HEAD", "/login/callback", "anyone"),
    _route("GET HEAD", "/thread/{thread}", "anyone"),
    _route("GET", "/public/{file...}", "anyone"),
    _route("GET", "/assets/{file...}", "anyone"),
    _route("GET", "/avatars/{avatar}", "anyone"),
    _route("GET", "/favicon", "anyone"),
    _route("GET", "/logo", "anyone"),
    _route("GET", "/auth/config", "anyone"),
    _route("POST", "/login", "anyone"),
    _route("POST", "/logout", "anyone"),
    _route("POST", "/set-session-cookie", "anyone"),
    # the chat page: what its visitor may do
    _route("GET", "/user", "page", "own"),
    _route("GET", "/project/translations", "anyone"),
    _route("GET", "/project/settings", "page", "own"),
    _route("GET", "/project/thread/{thread}", "page", "own"),
    _route("GET", "/project/thread/{thread}/element/{element}", "page", "own"),
    _route("POST", "/project/threads", "page", "own"),
    _route("POST", "/project/action", "page", "own"),
    _route("POST", "/project/file", "page", "own"),
    _route("PUT DELETE", "/project/thread", "page", "own"),
    _route("PUT DELETE", "/feedback", "page", "own"),
    _route("POST", "/erasure", "page", "own"),
    _route("GET", "/sources/{answer}/{number}", "page", "own"),
    _route("GET", "/attachments/{attachment}", "page", "own"),
    _route("GET POST", "/ws/socket.io", "page", "own"),
    _route("GET POST", "/ws/socket.io/", "page", "own"),
    # the widget
    _route("GET HEAD", "/widget.js", "anyone"),
    _route("GET HEAD", "/widget/client/{version}/{file...}", "anyone"),
    _route("POST", "/widget/session", "anyone"),
    _route("POST", "/widget/erasure", "widget", "own"),
    _route("GET", "/widget/conversations", "widget", "own"),
    _route("GET", "/widget/conversations/{conversation}", "widget", "own"),
    _route("POST", "/widget/conversations/{conversation}/messages", "widget", "own"),
    _route("POST", "/widget/conversations/{conversation}/handover", "widget", "own"),
    _route("GET", "/widget/answers/{answer}/events", "widget", "own"),
    _route("POST", "/widget/answers/{answer}/stop", "widget", "own"),
    _route("PUT DELETE", "/widget/answers/{answer}/rating", "widget", "own"),
    # the API
    _route("GET", "/openapi.json", "anyone"),
    _route("POST", "/v1/chat/completions", "chat", "own"),
    _route("POST", "/v1/embeddings", "embeddings", "own"),
    _route("GET", "/v1/models", "service", "own"),
    _route("GET", "/v1/models/{model}", "service", "own"),
    # staff
    _route("GET", "/staff/assets/{file...}", "anyone"),
    _route("GET POST", "/staff/sign-in", "anyone"),
    _route("POST", "/staff/sign-out", "anyone"),
    _route("GET", "/staff/openid", "anyone"),
    _route("GET", "/staff/openid/callback", "anyone"),
    _route("GET POST", "/staff/welcome/{token}", "anyone"),
    _route("GET POST", "/staff/password/{token}", "anyone"),
    # for sessions that lack a second factor, too, which are nobody's to the gate
    _route("GET POST", "/staff/second-factor", "anyone"),
    _route("GET", "/staff", "member"),
    _route("GET", "/staff/sites/{site}", "member", "path"),
    _route("GET", "/staff/sites/{site}/preview", "member", "path"),
    _route("GET", "/staff/sites/{site}/knowledge", "member", "path"),
    _route("PUT", "/staff/sites/{site}/traces/{trace}/intent", "member", "path"),
    _route("PUT POST", "/staff/sites/{site}/traces/{trace}/false-alarm", "member", "path"),
    _route("PUT", "/staff/sites/{site}/traces/{trace}/give-again", "member", "path"),
    _route("GET", "/staff/sites/{site}/attention", "member", "path"),
    _route("POST", "/staff/sites/{site}/conversations/{conversation}/reveal", "admin", "path"),
    _route("GET", "/staff/account", "member"),
    _route("POST", "/staff/account/password", "member"),
    _route("POST", "/staff/account/second-factor", "member"),
    _route("POST", "/staff/account/sessions", "member"),
    _route("POST", "/staff/account/sessions/{session_id}", "member"),
    _route("GET POST", "/staff/members", "admin"),
    _route("GET POST", "/staff/members/{member_id}", "admin"),
    _route("POST", "/staff/members/{member_id}/{action}", "admin"),
    _route("POST", "/staff/members/{member_id}/sessions/{session_id}", "admin"),
)


def route_of(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route that a request is for, and the named parts of its path."""
    for route in ROUTES:
        if method in route.methods and (match := route.pattern.fullmatch(path)):
            return route, match.groupdict()
    return None
