"""Somebody's website that embeds the widget, and a line to Parley that can be cut."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STRICT = "default-src 'none'; script-src {parley}; connect-src {parley}; style-src 'self'; img-src 'self'"
"""What docs/embed-the-widget.md tells hosts to allow, and nothing else."""


class HostSite:
    """Serves pages at `http://localhost:PORT`, a foreign origin to Parley's `http://127.0.0.1:…`."""

    def __init__(self, port: int, parley: str) -> None:
        self.url = f"http://localhost:{port}"
        self.unknown_url = f"http://127.0.0.1:{port}"
        self.parley = parley
        self._pages: dict[str, tuple[str, str]] = {}
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body, policy = pages.get(self.path, ("", ""))
                self.send_response(200 if self.path in pages else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def page(
        self,
        attributes: str = 'data-site="default"',
        *,
        head: str = "",
        language: str = "en",
        strict: bool = False,
        parley: str | None = None,
    ) -> str:
        """Put up a page with the widget, and return its path.

        Args:
            attributes: of the script.
            head: more to stand in the page's head.
            strict: send the policy `STRICT`.
            parley: where the widget comes from, when not from Parley's own address.
        """
        parley = parley or self.parley
        path = f"/{len(self._pages)}"
        text = (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>A shop</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}'
            f'<script src="{parley}/widget.js" {attributes} async></script></head>'
            '<body><main><h1>A shop</h1><p>Lovely things for boats.</p><p><a href="#more">More</a></p></main>'
            "</body></html>"
        )
        self._pages[path] = (text, STRICT.format(parley=parley) if strict else "")
        return path

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


class Line:
    """A TCP line to a port of this machine. What is open on it can be cut as a lost network would."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        self._end(source, sink)

    def _end(self, *ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            self._open.discard(end)

    def cut(self) -> int:
        """Break everything that is open; new connections work. Returns how many ends there were."""
        ends = tuple(self._open)
        self._end(*ends)
        return len(ends)

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()
        self.cut()


@contextlib.contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line for as long as it is needed."""
    line = Line(port)
    try:
        yield line
    finally:
        line.close()
