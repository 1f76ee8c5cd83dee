"""Visitors whom the host's backend vouches for by a JWT."""

from dataclasses import dataclass

import jwt

from app.labels import LabelRefused, read_labels
from app.sites.config import Identity
from app.widget.errors import WidgetRefused

LEEWAY_S = 30
HOST = "host:"
"""Begins the identifier of every visitor whom a host vouches for."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the host's backend names: its own id for them and, if it says so, their name and what they may read."""

    identifier: str
    name: str | None
    labels: frozenset[str]


def read_identity(identity: Identity, token: str) -> Vouched:
    """Check a host's JWT: signature, time, and issuer and audience where the site names them.

    Raises:
        WidgetRefused: the site vouches for nobody, or the JWT is not right; the sentence says what is not.
    """
    key = identity.public_key or (identity.secret.get_secret_value() if identity.secret else None)
    if key is None:
        raise _refused("this site has no key that verifies identities; set identity.secret or identity.public_key")
    options: dict[str, object] = {"require": ["sub", "exp"], "verify_aud": identity.audience is not None}
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=identity.algorithms,
            audience=identity.audience,
            issuer=identity.issuer,
            leeway=LEEWAY_S,
            options=options,  # type: ignore[arg-type]  # a TypedDict of PyJWT's that it does not export
        )
    except jwt.ExpiredSignatureError:
        raise _refused("the identity is out of date") from None
    except jwt.InvalidTokenError as error:
        raise _refused(f"the identity cannot be trusted ({error})") from None
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 150 or not subject.isprintable():
        raise _refused("the identity's sub must be a printable text of at most 150 characters")
    return Vouched(f"{HOST}{subject}", _shown(claims.get("name")), _labels(claims.get("labels", [])))


def _labels(given: object) -> frozenset[str]:
    if not isinstance(given, list):
        raise _refused("the identity's labels must be a list of texts")
    try:
        return read_labels(given)
    except LabelRefused as refused:
        raise _refused(f"the identity's labels cannot be read ({refused})") from None


def _shown(name: object) -> str | None:
    """A name in one line, without what no database holds."""
    if not isinstance(name, str):
        return None
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())[:100] or None


def _refused(reason: str) -> WidgetRefused:
    return WidgetRefused(401, "identity_refused", f"You could not be signed in: {reason}.")
