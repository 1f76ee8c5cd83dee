"""Sends to an address that an operator named, and to no machine that it must not reach.

The name is looked up once, and the connection goes to the very address that was judged: a name server that answers
otherwise a moment later (DNS rebinding) leads nowhere.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import httpx

from graph.errors import ParleyError

IpAddress = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[IpAddress]]]
"""From a name and a port to its addresses."""

CONNECT_S = 5.0
METADATA = frozenset(map(ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254")))
"""Where clouds keep a machine's credentials, beside the link-local addresses."""
_LOOPBACK_NAMES = frozenset({"localhost"})


class WebhookFailed(ParleyError):
    """What was sent did not arrive. It says why, without the address, which may hold a secret."""


async def addresses_of(name: str, port: int) -> list[IpAddress]:
    """Look a name up."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


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
        parts = urlsplit(self._url)
        name = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = await self._judged(parts.scheme, name, port)
        shown = f"[{address}]" if address.version == 6 else str(address)
        there = parts._replace(netloc=f"{shown}:{port}", fragment="").geturl()
        host = parts.netloc.rpartition("@")[2]
        async with (
            httpx.AsyncClient(
                verify=self._tls or httpx.create_ssl_context(),
                timeout=httpx.Timeout(self._within_s, connect=CONNECT_S),
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream(
                "POST",
                there,
                content=body,
                headers={**headers, "Host": host, "User-Agent": "Parley"},
                extensions={"sni_hostname": name},  # the certificate must be of the name, not of the address
            ) as response,
        ):
            if not response.is_success:
                raise WebhookFailed(f"The webhook answered with status {response.status_code}.")

    async def _judged(self, scheme: str, name: str, port: int) -> IpAddress:
        """The address to connect to. One bad address among several spoils them all."""
        try:
            literal: IpAddress | None = ip_address(name)
        except ValueError:
            literal = None
        here = name in _LOOPBACK_NAMES or (literal is not None and literal.is_loopback)
        if scheme != "https" and not here:
            raise WebhookFailed("The webhook must be https, or on this machine; correct alerts.webhook.")
        try:
            found = [literal] if literal is not None else await self._resolve(name, port)
        except OSError:
            found = []
        if not found:
            raise WebhookFailed("The name of the webhook has no address.")
        if not all(reachable(address, private=self._private, loopback=here) for address in found):
            raise WebhookFailed(
                "The webhook leads into a network that it may not; for one of your own, set alerts.private."
            )
        return found[0]


def reachable(address: IpAddress, *, private: bool, loopback: bool) -> bool:
    """Whether something may be sent to an address.

    Args:
        private: whether addresses of the own network may be.
        loopback: whether this machine was meant.
    """
    if isinstance(address, IPv6Address) and (inner := address.ipv4_mapped or address.sixtofour):
        return reachable(inner, private=private, loopback=loopback)
    if address.is_loopback:
        return private or loopback
    never = address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    if never or address in METADATA:
        return False
    return address.is_global or private
