"""The cookies of the pages for staff."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

SESSION = "parley-staff"
"""Holds the secret of a member's session."""


def cookie_name(connection: HTTPConnection, name: str) -> str:
    """A cookie's name here: over https one that browsers take from this host only, encrypted, and for all paths."""
    return f"__Host-{name}" if _secure(connection) else name


def read_cookie(connection: HTTPConnection, name: str = SESSION) -> str:
    """The value of a cookie; empty without one."""
    return connection.cookies.get(cookie_name(connection, name), "")


def set_cookie(response: Response, connection: HTTPConnection, name: str, value: str, *, age_s: int) -> None:
    """Keep a value in the browser, out of the reach of scripts."""
    response.set_cookie(
        cookie_name(connection, name),
        value,
        max_age=age_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=_secure(connection),
    )


def drop_cookie(response: Response, connection: HTTPConnection, name: str) -> None:
    """Remove a value from the browser."""
    set_cookie(response, connection, name, "", age_s=0)


def _secure(connection: HTTPConnection) -> bool:
    return connection.url.scheme in ("https", "wss")
