"""What a provider says of itself at its well-known address (OpenID Connect Discovery 1.0, section 4)."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from app.openid.keys import ALGORITHMS
from app.openid.refused import OpenIdRefused

AuthMethod = Literal["none", "client_secret_basic", "client_secret_post"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider that can be used.

    Attributes:
        algorithms: those of its signatures that are accepted.
        auth_method: how we show our secret to it; `none` where we have none.
        names_itself: whether it puts its name into every answer (RFC 9207).
    """

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: frozenset[str]
    auth_method: AuthMethod
    names_itself: bool


class _Document(BaseModel):
    model_config = ConfigDict(strict=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    id_token_signing_alg_values_supported: list[str] = ["RS256"]
    code_challenge_methods_supported: list[str] = ["S256"]  # many support it without a word
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


def well_known(issuer: str) -> str:
    """The address at which a provider describes itself."""
    return issuer.rstrip("/") + "/.well-known/openid-configuration"


def read_metadata(found: dict[str, Any], *, issuer: str, has_secret: bool) -> Metadata:
    """Check a provider's description.

    Raises:
        OpenIdRefused: unreadable, of another issuer, insecure or unsupported.
    """
    try:
        document = _Document.model_validate(found)
    except ValidationError as error:
        raise OpenIdRefused("unreadable", ".".join(str(part) for part in error.errors()[0]["loc"])) from None
    if document.issuer != issuer:
        raise OpenIdRefused("other_issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        url = getattr(document, name)
        if url is not None and not is_safe(url, loopback=_is_local(issuer)):
            raise OpenIdRefused("insecure", name)
    algorithms = frozenset(document.id_token_signing_alg_values_supported) & ALGORITHMS.keys()
    if not algorithms:
        raise OpenIdRefused("unsupported", "id_token_signing_alg_values_supported")
    if "S256" not in document.code_challenge_methods_supported:
        raise OpenIdRefused("unsupported", "code_challenge_methods_supported")
    return Metadata(
        authorization_endpoint=document.authorization_endpoint,
        token_endpoint=document.token_endpoint,
        jwks_uri=document.jwks_uri,
        userinfo_endpoint=document.userinfo_endpoint,
        algorithms=algorithms,
        auth_method=_auth_method(document.token_endpoint_auth_methods_supported, has_secret),
        names_itself=document.authorization_response_iss_parameter_supported,
    )


def is_safe(url: str, *, loopback: bool) -> bool:
    """Whether an address is one of https, or with `loopback` of this machine, and names no user or fragment."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return False
    if not parsed.host or parsed.userinfo or parsed.fragment:
        return False
    return parsed.scheme == "https" or (loopback and _is_local(url))


def _is_local(url: str) -> bool:
    parsed = httpx.URL(url)
    if parsed.scheme != "http":
        return False
    try:
        return ip_address(parsed.host).is_loopback
    except ValueError:
        return parsed.host == "localhost"


def _auth_method(offered: list[str], has_secret: bool) -> AuthMethod:
    if not has_secret:
        return "none"
    if "client_secret_basic" in offered:
        return "client_secret_basic"
    if "client_secret_post" in offered:
        return "client_secret_post"
    raise OpenIdRefused("unsupported", "token_endpoint_auth_methods_supported")
