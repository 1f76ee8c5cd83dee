"""Both halves of a sign-in: the browser leaves for the provider, and it comes back.

For the routes: `begin` gives the address to send the browser to and the value of the cookie `COOKIE`, which lasts
`LASTS_S` and is SameSite=Lax, because the way back begins at another site. `finish` gets the query of `CALLBACK` and
that cookie, which the route then removes.
"""

import hmac
import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from app.access.keys import new_token, token_hash
from app.db.openid import LASTS_S, keep_flow, take_flow
from app.openid.identity import Identity
from app.openid.provider import Flow, Provider
from app.openid.refused import OpenIdRefused
from app.wiring import Services

__all__ = ["CALLBACK", "COOKIE", "LASTS_S", "begin", "finish"]

CALLBACK = "/staff/openid/callback"
COOKIE = "parley-openid"
HOME = "/staff"
LONGEST_PATH = 2000
log = logging.getLogger(__name__)


async def begin(services: Services, next_path: str, *, origin: str) -> tuple[str, str]:
    """Begin a sign-in.

    Args:
        next_path: where to go afterwards; what is not a path below `/staff` becomes `/staff`.
        origin: ours, such as `https://help.example.com`, as the browser sees it.

    Returns:
        The address to send the browser to, and the cookie's value.

    Raises:
        OpenIdRefused: it is off, or the provider cannot be used just now. It is logged.
    """
    with _refusals_logged():
        provider = _provider(services)
        state, flow = new_token(), Flow(nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48))
        url = await provider.address(flow, state=state, redirect_uri=origin + CALLBACK)
        async with services.sessions.begin() as session:
            await keep_flow(
                session,
                state_hash=token_hash(state),
                nonce=flow.nonce,
                verifier=flow.verifier,
                next_path=_own_path(next_path),
            )
        return url, state


async def finish(services: Services, query: Mapping[str, str], cookie: str, *, origin: str) -> tuple[Identity, str]:
    """Finish a sign-in.

    Args:
        query: the parameters of the address that the browser came back to.
        cookie: the value that `begin` gave; empty where the browser has none.
        origin: the same as for `begin`.

    Returns:
        Who has signed in, and where to go now.

    Raises:
        OpenIdRefused: nobody is signed in; its sentence says why. It is logged.
    """
    with _refusals_logged():
        provider = _provider(services)
        state = query.get("state", "")
        same = state.isascii() and cookie.isascii() and hmac.compare_digest(state, cookie)
        if not (state and same):
            raise OpenIdRefused("other_browser")
        async with services.sessions.begin() as session:
            kept = await take_flow(session, token_hash(state))
        if kept is None:
            raise OpenIdRefused("used")
        await provider.check_sender(query.get("iss"))
        if error := query.get("error"):
            raise OpenIdRefused("cancelled" if error == "access_denied" else "provider_error", _code(error))
        if not (code := query.get("code")):
            raise OpenIdRefused("no_code")
        identity = await provider.identity(code, Flow(kept.nonce, kept.verifier), redirect_uri=origin + CALLBACK)
        return identity, kept.next_path


def _provider(services: Services) -> Provider:
    if services.openid is None:
        raise OpenIdRefused("off")
    return services.openid


def _own_path(path: str) -> str:
    """A path of ours: never another site's address, however it is written."""
    below = path == HOME or path.startswith((f"{HOME}/", f"{HOME}?"))
    return (
        path
        if below and path.isascii() and path.isprintable() and "\\" not in path and len(path) <= LONGEST_PATH
        else HOME
    )


def _code(error: str) -> str:
    """An error's name, fit for a log: it comes from an address that anybody can make up."""
    return error if re.fullmatch(r"[a-z_]{1,40}", error) else "unnamed"


@contextmanager
def _refusals_logged() -> Iterator[None]:
    try:
        yield
    except OpenIdRefused as refused:
        log.warning("An OpenID sign-in was refused.", extra={"reason": refused.reason, "detail": refused.detail})
        raise
