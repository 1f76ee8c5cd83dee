"""Which machines may be talked to, for addresses that people name.

A name is looked up once, and the connection goes to the very address that was judged: a name server that answers
otherwise a moment later (DNS rebinding) leads nowhere.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx

from graph.errors import ParleyError

IpAddress = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[IpAddress]]]
"""From a name and a port to its addresses."""

METADATA = frozenset(map(ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254")))
"""Where clouds keep a machine's credentials, beside the link-local addresses."""
_LOOPBACK_NAMES = frozenset({"localhost"})


class NoAddress(ParleyError):
    """The name has no address."""


class MayNotReach(ParleyError):
    """The address is one that may not be reached."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """How a request goes to a judged address: what httpx is given."""

    url: httpx.URL
    headers: Mapping[str, str]
    extensions: Mapping[str, str]


async def addresses_of(name: str, port: int) -> list[IpAddress]:
    """Look a name up."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def is_here(url: httpx.URL) -> bool:
    """Whether an address names this machine and says so."""
    literal = _literal(_name(url))
    return _name(url) in _LOOPBACK_NAMES or (literal is not None and literal.is_loopback)


async def judged(
    url: httpx.URL, *, private: bool, loopback: bool = False, resolve: Resolve = addresses_of
) -> IpAddress:
    """Look the name of an address up, once. One bad address among several spoils them all.

    Args:
        url: over http or https.
        private: whether it may be of the own network.
        loopback: whether it may be this machine.
        resolve: looks a name up.

    Raises:
        NoAddress: there is none.
        MayNotReach: it may not be reached.
    """
    literal = _literal(_name(url))
    try:
        found = [literal] if literal is not None else await resolve(_name(url), port_of(url))
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise NoAddress
    if not all(reachable(address, private=private, loopback=loopback) for address in found):
        raise MayNotReach
    return found[0]


def dialled(url: httpx.URL, address: IpAddress) -> Dialled:
    """Aim a request for `url` at an address; a certificate must still be of the name."""
    host = url.netloc.decode("ascii")
    there = url.copy_with(host=str(address), port=port_of(url), userinfo=b"", fragment=None)
    return Dialled(there, {"Host": host}, {"sni_hostname": _name(url)})


def port_of(url: httpx.URL) -> int:
    """The port of an address, also where it goes without saying."""
    return url.port or (443 if url.scheme == "https" else 80)


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


def _name(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii")


def _literal(name: str) -> IpAddress | None:
    try:
        return ip_address(name.strip("[]"))
    except ValueError:
        return None
