"""Who somebody is, as far as a provider vouches for it."""

import re
from dataclasses import dataclass
from typing import Any

from app.openid.refused import OpenIdRefused

_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")
"""Printable ASCII around one `@`: letters that only look like others would reach somebody else's account."""
LONGEST_EMAIL = 254
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whom a provider has signed in.

    Attributes:
        issuer: the provider; with `subject` it names the person for ever.
        email: verified by the provider, in lower case.
        name: for show; empty when the provider gives none.
    """

    issuer: str
    subject: str
    email: str
    name: str


def identity_of(issuer: str, subject: str, said: dict[str, Any]) -> Identity:
    """Make an identity of what the provider says: `email`, `email_verified` and `name`.

    Raises:
        OpenIdRefused: no address, or one that is not verified.
    """
    email = said.get("email")
    if not isinstance(email, str) or len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise OpenIdRefused("no_email")
    verified = said.get("email_verified")
    if verified is not True and verified != "true":  # some providers write the word
        raise OpenIdRefused("unverified")
    return Identity(issuer, subject, email.lower(), _shown(said.get("name")))


def _shown(name: object) -> str:
    if not isinstance(name, str):
        return ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())[:LONGEST_NAME]
