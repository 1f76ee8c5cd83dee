"""Which addresses an answer may lead to: those on allowed hosts, written so that every reader sees the same host."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

CHARACTERS = r"A-Za-z0-9\-._~:/?#@$&+,;=%"
"""What an address in running text consists of. No mark that Markdown reads."""

_WEB = re.compile(r"(https?://|(?=www\.))([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?(?=[/?#]|\Z)", re.IGNORECASE)
_WHOLE = re.compile(rf"[{CHARACTERS}()!*']+")
_PORTS = {"http://": ":80", "https://": ":443", "": ""}


class Hosts:
    """Hosts that links may lead to. `*.example.com` stands for all hosts below example.com; a port must be named."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        every = {name.lower().rstrip(".") for name in names}
        self._exact = frozenset(name for name in every if not name.startswith("*."))
        self._below = tuple(name[1:] for name in every if name.startswith("*."))

    def link(self, address: str) -> str | None:
        """The address as it may be written, or None if it leads elsewhere, or nowhere.

        A slash closes the host's name, so that nothing that follows in the text can make it another one.
        """
        found = _WEB.match(address)
        if not found or not _WHOLE.fullmatch(address):
            return None
        scheme, host, port = found[1].lower(), found[2].lower(), found[3] or ""
        name = host if port == _PORTS[scheme] else host + port
        if name not in self._exact and not (self._below and name.endswith(self._below)):
            return None
        rest = address[found.end() :]
        for mark in "()!*'":
            rest = rest.replace(mark, f"%{ord(mark):02X}")
        return f"{address[: found.end()]}{'' if rest.startswith('/') else '/'}{rest}"

    def image(self, address: str) -> str | None:
        """Likewise for an image, which is loaded unasked: without the parts that could carry something away."""
        return self.link(re.split(r"[?#]", address, maxsplit=1)[0])


def host_of(address: str) -> str | None:
    """The host of a page's address, with the port unless it goes without saying; None if it is none of the web."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return parts.hostname if port in {None, 80, 443} else f"{parts.hostname}:{port}"
