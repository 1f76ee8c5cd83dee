"""What the page after a change says once: kept in the browser on the way there, sealed, and then removed."""

import base64
import binascii
import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from app.members.cookies import read_cookie, set_cookie
from app.members.sealing import seal, unseal

_COOKIE = "parley-said"
_LASTS_S = 60
_PURPOSE = "staff said"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and perhaps a link that is shown only this time."""

    text: str
    link: str = ""


def keep_said(response: Response, request: Request, secret: bytes, said: Said) -> None:
    """Let the next page say it."""
    sealed = seal(secret, _PURPOSE, json.dumps([said.text, said.link]).encode(), owner=b"")
    value = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    set_cookie(response, request, value, name=_COOKIE, age_s=_LASTS_S)


def read_said(request: Request, secret: bytes) -> Said | None:
    """What this page is to say; None when there is nothing, or when somebody else wrote it."""
    value = read_cookie(request, _COOKIE)
    try:
        sealed = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return None
    content = unseal(secret, _PURPOSE, sealed, owner=b"")
    return Said(*json.loads(content)) if content else None


def drop_said(response: Response, request: Request) -> None:
    """Say it no second time."""
    set_cookie(response, request, "", name=_COOKIE, age_s=0)
