"""Guests: who they are is kept by a signed cookie, so that they find their own conversations again."""

import hashlib
import hmac
from http.cookies import SimpleCookie
from uuid import UUID, uuid4

import jwt

from app.db.users import GUEST

GUEST_COOKIE = "parley_guest"
TOKEN_COOKIE = "access_token"  # noqa: S105 - the name of Chainlit's cookie, not a token
KEPT_S = 365 * 24 * 3600
"""How long a browser keeps the guest's cookie."""


def sign_guest(secret: bytes, guest: UUID) -> str:
    """The cookie's value for a guest."""
    return f"{guest}.{_signature(secret, guest)}"


def read_guest(secret: bytes, value: str | None) -> UUID | None:
    """The guest of a cookie's value, or None when nobody here has signed it."""
    text, _, signature = (value or "").partition(".")
    try:
        guest = UUID(text)
    except ValueError:
        return None
    return guest if hmac.compare_digest(signature, _signature(secret, guest)) else None


def bearer(secret: str, token: str | None) -> str | None:
    """Identifier of whom Chainlit's token names, or None when it is missing, false or out of date."""
    try:
        return str(jwt.decode(token or "", secret, algorithms=["HS256"])["identifier"])
    except (jwt.InvalidTokenError, KeyError):
        return None


def cookies_for(secret: bytes, token_secret: str, cookies: dict[str, str], *, secure: bool) -> list[str]:
    """`Set-Cookie` values that make this browser a guest; none when it is signed in already, as a guest or not."""
    from chainlit.auth import create_jwt  # not importable before its home is prepared
    from chainlit.user import User

    if bearer(token_secret, cookies.get(TOKEN_COOKIE)):
        return []
    guest = read_guest(secret, cookies.get(GUEST_COOKIE)) or uuid4()
    token = create_jwt(User(identifier=f"{GUEST}{guest}", display_name="Guest"))
    return [
        _cookie(GUEST_COOKIE, sign_guest(secret, guest), KEPT_S, secure=secure),
        _cookie(TOKEN_COOKIE, token, KEPT_S, secure=secure),
    ]


def forget(name: str, *, secure: bool) -> str:
    """The `Set-Cookie` value that removes a cookie."""
    return _cookie(name, "", 0, secure=secure)


def _cookie(name: str, value: str, age_s: int, *, secure: bool) -> str:
    cookie: SimpleCookie = SimpleCookie({name: value})
    cookie[name] |= {"path": "/", "httponly": True, "samesite": "Lax", "max-age": age_s, "secure": secure}
    return cookie[name].OutputString()


def _signature(secret: bytes, guest: UUID) -> str:
    return hmac.new(secret, b"parley guest " + guest.bytes, hashlib.sha256).hexdigest()
