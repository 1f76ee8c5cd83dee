"""The provider's signed statement about a person: the ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""

import hmac
from dataclasses import dataclass
from typing import Annotated, Any

import jwt
from jwt.utils import base64url_encode
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.openid.fetch import read_object
from app.openid.keys import KeyRing, half_hash
from app.openid.refused import OpenIdRefused

MOST_CHARS = 64_000
Moment = Annotated[int | float, Field(ge=0, lt=1e12)]
"""Seconds since 1970."""


class Claims(BaseModel):
    """What the statement says. Other claims are not looked at."""

    model_config = ConfigDict(strict=True, frozen=True)

    iss: str
    sub: str = Field(pattern=r"^[ -~]{1,255}$")
    aud: str | list[str]
    exp: Moment
    iat: Moment
    nbf: Moment | None = None
    nonce: str | None = None
    azp: str | None = None
    at_hash: str | None = None
    email: str | None = None
    email_verified: Any = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a statement must say to be ours.

    Attributes:
        now: seconds since 1970.
        skew_s: how far its clock and ours may be apart.
        algorithms: those of `app.openid.keys.ALGORITHMS` that the provider names.
    """

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    algorithms: frozenset[str]
    now: float
    skew_s: float


async def read_id_token(token: str, keys: KeyRing, expected: Expected) -> Claims:
    """Check the signature, then everything that the statement says about itself.

    Raises:
        OpenIdRefused: it is not from the provider, not for us, not for this sign-in or not for now.
    """
    if len(token) > MOST_CHARS:
        raise OpenIdRefused("malformed", "length")
    alg, kid = _header(token, expected.algorithms)
    key = await keys.find(kid, alg)
    try:
        payload = jwt.PyJWS(algorithms=[alg]).decode(token, key, algorithms=[alg])
    except jwt.InvalidSignatureError:
        raise OpenIdRefused("signature") from None
    except (jwt.PyJWTError, ValueError):
        raise OpenIdRefused("malformed", "token") from None
    try:
        claims = Claims.model_validate(read_object(payload))
    except OpenIdRefused as refused:
        raise OpenIdRefused("malformed", refused.detail) from None
    except ValidationError as error:
        raise OpenIdRefused("malformed", str(error.errors()[0]["loc"][0])) from None
    _check(claims, alg, expected)
    return claims


def _header(token: str, algorithms: frozenset[str]) -> tuple[str, str | None]:
    """The algorithm and the key's name. They are the sender's words: the first is held against a list."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise OpenIdRefused("malformed", "header") from None
    alg = header.get("alg")
    if not isinstance(alg, str) or alg.lower() in ("", "none"):
        raise OpenIdRefused("unsigned")
    if alg not in algorithms:
        raise OpenIdRefused("algorithm")
    return alg, header.get("kid")


def _check(claims: Claims, alg: str, expected: Expected) -> None:
    if claims.iss != expected.issuer:
        raise OpenIdRefused("issuer")
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if expected.client_id not in audience:
        raise OpenIdRefused("audience")
    if (claims.azp is not None or len(audience) > 1) and claims.azp != expected.client_id:
        raise OpenIdRefused("authorized_party")
    if claims.exp + expected.skew_s <= expected.now:
        raise OpenIdRefused("expired")
    if max(claims.iat, claims.nbf or 0) - expected.skew_s > expected.now:
        raise OpenIdRefused("too_early")
    if not _same(claims.nonce, expected.nonce):
        raise OpenIdRefused("nonce")
    if claims.at_hash is not None:
        right = base64url_encode(half_hash(alg, expected.access_token)).decode()
        if not _same(claims.at_hash, right):
            raise OpenIdRefused("at_hash")


def _same(said: str | None, right: str) -> bool:
    return said is not None and hmac.compare_digest(said.encode(errors="replace"), right.encode())
