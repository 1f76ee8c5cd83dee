"""Who a widget's visitor is: a short-lived token for every request, and a pass that gets the next one."""

import time
from dataclasses import dataclass
from uuid import UUID

import jwt

from app.access.keys import derived_key
from app.access.principal import Principal
from app.wiring import Services

TOKEN_S = 900
PASS_S = 180 * 24 * 3600
KNOWN_PASS_S = 12 * 3600
"""For somebody whom the host vouches for: whoever comes to the browser after them shall not be them for long."""
ALGORITHM = "HS256"


class TokenExpired(Exception):
    """The token is out of date; a pass gets another."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom a token was given to, for pages of which origin, and the labels that their host gives them."""

    user_id: UUID
    site_id: int
    origin: str
    identified: bool
    labels: frozenset[str] = frozenset()

    @property
    def principal(self) -> Principal:
        """As the gate knows them."""
        return Principal("visitor" if self.identified else "guest", self.user_id, frozenset({self.site_id}))


def give_token(services: Services, visitor: Visitor) -> str:
    """A token for this visitor, good for `TOKEN_S` seconds."""
    return _sign(services, "token", visitor, TOKEN_S)


def give_pass(services: Services, visitor: Visitor) -> str:
    """What the browser keeps to be the same visitor again."""
    return _sign(services, "pass", visitor, KNOWN_PASS_S if visitor.identified else PASS_S)


def read_token(services: Services, token: str) -> Visitor | None:
    """The visitor of a token; None when it is none of ours.

    Raises:
        TokenExpired: it is ours, and out of date.
    """
    return _read(services, "token", token)


def read_pass(services: Services, given: str | None) -> Visitor | None:
    """The visitor of a pass; None when there is none, or it is out of date or not ours."""
    try:
        return _read(services, "pass", given) if given else None
    except TokenExpired:
        return None


def _sign(services: Services, kind: str, visitor: Visitor, good_s: int) -> str:
    claims = {
        "sub": str(visitor.user_id),
        "site": visitor.site_id,
        "origin": visitor.origin,
        "known": visitor.identified,
        "labels": sorted(visitor.labels),
        "exp": int(time.time()) + good_s,
    }
    return jwt.encode(claims, derived_key(services.secret, f"widget {kind}"), ALGORITHM)


def _read(services: Services, kind: str, token: str) -> Visitor | None:
    try:
        claims = jwt.decode(token, derived_key(services.secret, f"widget {kind}"), algorithms=[ALGORITHM])
        return Visitor(
            user_id=UUID(claims["sub"]),
            site_id=int(claims["site"]),
            origin=str(claims["origin"]),
            identified=bool(claims["known"]),
            labels=frozenset(claims.get("labels", ())),  # tokens of earlier releases have none
        )
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (jwt.InvalidTokenError, KeyError, ValueError):
        return None
