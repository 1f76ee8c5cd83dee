"""The cookies of the pages for staff."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

SESSION = "parley-staff"


def cookie_name(name: str, *, secure: bool) -> str:
    """A cookie's name: over https one that browsers take from this host only, encrypted, and for all its paths."""
    return f"__Host-{name}" if secure else name


def session_cookie(*, secure: bool) -> str:
    """Name of the cookie that holds the secret of a member's session."""
    return cookie_name(SESSION, secure=secure)


def read_cookie(connection: HTTPConnection, name: str = SESSION) -> str:
    """The value of a cookie; empty without one."""
    return connection.cookies.get(cookie_name(name, secure=_secure(connection)), "")


def set_cookie(response: Response, connection: HTTPConnection, value: str, *, name: str = SESSION, age_s: int) -> None:
    """Keep a value in the browser, out of the reach of scripts. Without a value and with an age of 0: remove it."""
    secure = _secure(connection)
    response.set_cookie(
        cookie_name(name, secure=secure),
        value,
        max_age=age_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def _secure(connection: HTTPConnection) -> bool:
    return connection.url.scheme in ("https", "wss")
