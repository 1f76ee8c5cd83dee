"""Codes that change every 30 seconds, as authenticator apps make them (RFC 6238, over the HOTP of RFC 4226)."""

import base64
import hashlib
import hmac
from urllib.parse import quote, urlencode

SECRET_BYTES = 20
STEP_S = 30
DIGITS = 6
_AROUND = (-1, 0, 1)
"""Steps beside the current one whose codes are good, for clocks that differ and people who type slowly."""


def code_at(secret: bytes, step: int) -> str:
    """The code of a step of time, which is counted from 1970."""
    mac = hmac.new(secret, step.to_bytes(8), hashlib.sha1).digest()
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, code: str, at_s: float) -> int | None:
    """The step around a time whose code this is, or None. Blanks in the code do not count."""
    typed = "".join(code.split()).encode()
    now = int(at_s) // STEP_S
    good = [now + n for n in _AROUND if hmac.compare_digest(typed, code_at(secret, now + n).encode())]
    return good[-1] if good else None


def as_text(secret: bytes) -> str:
    """The secret as one types it into an app."""
    return base64.b32encode(secret).decode().rstrip("=")


def as_address(secret: bytes, *, issuer: str, name: str) -> str:
    """The secret as apps read it from a QR code."""
    query = urlencode({"secret": as_text(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?{query}"
