"""Where people reach this server, and by which names."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from app.settings import Server

_OWN = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared only


def own_address(server: Server, host: str | None = None, port: int | None = None) -> str:
    """The address as one types it into a browser: as the settings say, or on this machine.

    Args:
        host: where it listens, if not where the settings say.
        port: likewise.
    """
    if server.public_url is not None:
        return server.public_url
    host = _EVERYWHERE.get(host or server.host, host or server.host)
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if server.tls_cert else 'http'}://{shown}:{port or server.port}"


def own_names(server: Server, host: str) -> frozenset[str]:
    """Names that this server answers to, in lower case and without port; none at all: any.

    On a loopback address it never answers to any. Otherwise somebody's page could point a name of its own at this
    machine and then read, as a page of the same origin, what only this machine may see (DNS rebinding).

    Args:
        host: where it listens.
    """
    if not server.hosts and not _is_loopback(host):
        return frozenset()
    public = urlsplit(server.public_url or "").hostname
    names = (*server.hosts, *_OWN, host, *([public] if public else []))
    return frozenset(name.strip("[]").lower() for name in names)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
