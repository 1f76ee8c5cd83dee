"""Sends to an address that an operator named, and to no machine that it must not reach (see `app.reach`)."""

import asyncio
import ssl
from collections.abc import Mapping

import httpx

from app.reach import IpAddress, MayNotReach, NoAddress, Resolve, addresses_of, dialled, is_here, judged
from graph.errors import ParleyError

CONNECT_S = 5.0


class WebhookFailed(ParleyError):
    """What was sent did not arrive. It says why, without the address, which may hold a secret."""


class Webhook:
    """An address that takes POST requests.

    Args:
        private: whether it may be one of the own network.
        within_s: seconds that one request may take, with the look-up.
        tls: whose certificates are believed; by default those that the system believes.
    """

    def __init__(
        self,
        url: str,
        *,
        private: bool = False,
        within_s: float = 10.0,
        resolve: Resolve = addresses_of,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url, self._private, self._within_s, self._resolve, self._tls = url, private, within_s, resolve, tls

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a body. No redirect is followed, no proxy asked, and no answer but its status is read.

        Raises:
            WebhookFailed: it may not be sent there, or no answer with a status of 200 to 299 came in time.
        """
        try:
            async with asyncio.timeout(self._within_s):
                await self._send(body, headers)
        except (TimeoutError, httpx.TimeoutException):
            raise WebhookFailed("The webhook did not answer in time.") from None
        except httpx.HTTPError as error:
            raise WebhookFailed(f"The webhook cannot be reached ({type(error).__name__}).") from None

    async def _send(self, body: bytes, headers: Mapping[str, str]) -> None:
        url = httpx.URL(self._url)
        there = dialled(url, await self._judged(url))
        async with (
            httpx.AsyncClient(
                verify=self._tls or httpx.create_ssl_context(),
                timeout=httpx.Timeout(self._within_s, connect=CONNECT_S),
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream(
                "POST",
                there.url,
                content=body,
                headers={**headers, **there.headers, "User-Agent": "Parley"},
                extensions=dict(there.extensions),
            ) as response,
        ):
            if not response.is_success:
                raise WebhookFailed(f"The webhook answered with status {response.status_code}.")

    async def _judged(self, url: httpx.URL) -> IpAddress:
        """The address to connect to."""
        here = is_here(url)
        if url.scheme != "https" and not here:
            raise WebhookFailed("The webhook must be https, or on this machine; correct alerts.webhook.")
        try:
            return await judged(url, private=self._private, loopback=here, resolve=self._resolve)
        except NoAddress:
            raise WebhookFailed("The name of the webhook has no address.") from None
        except MayNotReach:
            raise WebhookFailed(
                "The webhook leads into a network that it may not; for one of your own, set alerts.private."
            ) from None
