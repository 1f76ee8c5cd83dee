"""Sends what a tool asks for to the owner's system, and to no machine that it must not reach (see `app.reach`)."""

import asyncio
import json
from collections.abc import Mapping

import httpx
from pydantic import JsonValue

from app.reach import MayNotReach, NoAddress, Resolve, addresses_of, dialled, judged
from app.settings_outgoing import Tools
from graph.errors import ToolFailed
from tools.api_call import Reply

MOST_BYTES = 262_144
"""Of a longer answer nothing is taken: what a model reads is far shorter."""
CONNECT_S = 5.0


class HttpSender:
    """As `tools.api_call.Send` asks for it. No redirect is followed and no proxy asked."""

    def __init__(self, settings: Tools, *, resolve: Resolve = addresses_of) -> None:
        self._settings, self._resolve = settings, resolve

    async def __call__(
        self,
        method: str,
        address: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, JsonValue] | None,
        headers: Mapping[str, str],
    ) -> Reply:
        """Return the answer, whatever its status.

        Raises:
            ToolFailed: it may not be sent there, or no whole answer came in time.
        """
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await self._send(method, httpx.URL(address).copy_merge_params(query), body, headers)
        except (TimeoutError, httpx.TimeoutException):
            raise ToolFailed("It did not answer in time.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ToolFailed(f"It cannot be reached ({type(error).__name__}).") from None

    async def _send(
        self, method: str, url: httpx.URL, body: Mapping[str, JsonValue] | None, headers: Mapping[str, str]
    ) -> Reply:
        private = self._settings.private
        if url.scheme != "https" and not private:
            raise ToolFailed("It must be https; for a system of the own network, set tools.private.")
        try:
            there = dialled(url, await judged(url, private=private, resolve=self._resolve))
        except NoAddress:
            raise ToolFailed("Its name has no address.") from None
        except MayNotReach:
            raise ToolFailed(
                "It leads into a network that it may not; for one of your own, set tools.private."
            ) from None
        sent = {**headers, **there.headers, "User-Agent": "Parley"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        async with (
            httpx.AsyncClient(
                timeout=httpx.Timeout(self._settings.timeout_s, connect=CONNECT_S),
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream(
                method,
                there.url,
                content=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
                headers=sent,
                extensions=dict(there.extensions),
            ) as response,
        ):
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > MOST_BYTES:
                    raise ToolFailed(f"Its answer has more than {MOST_BYTES:,} bytes.")
            media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            text = content.decode(response.charset_encoding or "utf-8", "replace")
            return Reply(response.status_code, media_type, text)
