"""Asks a provider over HTTP: bounded in time and size, JSON only, no redirect followed."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx

from app.openid.refused import OpenIdRefused

CONNECT_S = 5.0
ANSWERED = frozenset({200, 400, 401})
"""Statuses with which a token endpoint says something; anything else is a failure of its server."""


class Fetcher:
    """Asks for JSON objects.

    Args:
        within_s: seconds that one answer may take, from the connection to its last byte.
        most_bytes: the longest answer that is read.
    """

    def __init__(self, *, within_s: float = 10.0, most_bytes: int = 256_000) -> None:
        self._within_s, self._most_bytes = within_s, most_bytes

    async def get(self, url: str, *, bearer: str | None = None) -> dict[str, Any]:
        """Return the object that is at an address.

        Raises:
            OpenIdRefused: unreachable, slow, failing, too large or unreadable.
        """
        status, body = await self._ask("GET", url, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})
        if status != httpx.codes.OK:
            raise OpenIdRefused("failing", str(status))
        return read_object(body)

    async def post(
        self, url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a form, with a name and password if there are any; return the status, one of `ANSWERED`, and the object.

        Raises:
            OpenIdRefused: unreachable, slow, failing, too large or unreadable.
        """
        status, body = await self._ask(
            "POST", url, headers={}, data=dict(form), auth=httpx.BasicAuth(*basic) if basic else None
        )
        if status not in ANSWERED:
            raise OpenIdRefused("failing", str(status))
        return status, read_object(body)

    async def _ask(self, method: str, url: str, *, headers: dict[str, str], **more: Any) -> tuple[int, bytes]:
        # Compressed answers are not read: a small one can become a huge one.
        headers |= {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Parley"}
        timeout = httpx.Timeout(self._within_s, connect=CONNECT_S)
        try:
            async with (
                asyncio.timeout(self._within_s),  # httpx bounds each read, which a drip of bytes outlives
                httpx.AsyncClient(verify=trusted(), timeout=timeout, follow_redirects=False) as client,
                client.stream(method, url, headers=headers, **more) as response,
            ):
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise OpenIdRefused("unreadable", "compressed")
                body = bytearray()
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > self._most_bytes:
                        raise OpenIdRefused("too_large")
                return response.status_code, bytes(body)
        except (TimeoutError, httpx.TimeoutException):
            raise OpenIdRefused("slow") from None
        except httpx.HTTPError as error:
            raise OpenIdRefused("unreachable", type(error).__name__) from None


def read_object(data: bytes) -> dict[str, Any]:
    """Read a JSON object from another machine.

    Raises:
        OpenIdRefused: unreadable.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise OpenIdRefused("unreadable", "no JSON") from None
    if not isinstance(found, dict):
        raise OpenIdRefused("unreadable", "no object")
    return found


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates are believed. Reading them takes longer than a request, so it is done once."""
    return httpx.create_ssl_context()
