"""Where people reach this server."""

from app.settings import Server

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
