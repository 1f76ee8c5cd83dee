"""The system of a shop, which tools call: a local HTTP server that remembers what it was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(slots=True)
class System:
    """What was called, and what it answers."""

    url: str = ""
    called: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    """Method and path, body, headers of each call."""
    order: dict[str, Any] = field(default_factory=lambda: {"status": "sent", "delivery_date": "3 May"})
    status: int = 200

    @property
    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls that change something."""
        return [(path, body) for path, body, _ in self.called if not path.startswith("GET")]


@contextmanager
def shop_system() -> Iterator[System]:
    """Open it on a free port of this machine."""
    system = System()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            system.called.append((f"{self.command} {self.path}", json.loads(sent or b"{}"), dict(self.headers)))
            answer = system.order if self.command == "GET" else {"result": "accepted"}
            content = json.dumps(answer).encode()
            self.send_response(system.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _take  # noqa: N815 - as the base class calls them

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    system.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield system
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tools_of(url: str) -> list[dict[str, Any]]:
    """The tools that a shop offers, as its configuration has them."""
    return [
        {
            "name": "order_status",
            "title": "Look up an order",
            "description": "Gives the status of an order.",
            "address": f"{url}/orders/{{number}}",
            "token": "the token of the shop's system",
            "arguments": {"number": {"description": "The order's number."}},
        },
        {
            "name": "refund",
            "title": "Pay money back",
            "description": "Pays money to an account.",
            "method": "POST",
            "address": f"{url}/refunds",
            "arguments": {
                "account": {"description": "Where to."},
                "amount": {"type": "number", "description": "How much."},
            },
        },
    ]
