"""A double of the transit engine of OpenBao: as much of it as Parley asks for."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.vault.master import LocalMaster, MasterRefused

TOKEN = "s.tests"


@contextmanager
def transit_engine() -> Iterator[str]:
    """Serve until left; yields the address."""
    master = LocalMaster("double", b"t" * 32)

    class Engine(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            place = base64.b64decode(body["associated_data"]).decode()
            status, data = 200, {}
            if self.headers["X-Vault-Token"] != TOKEN:
                status = 403
            elif self.path == "/v1/transit/encrypt/parley":
                sealed = master.wrap(base64.b64decode(body["plaintext"]), place)
                data = {"ciphertext": "vault:v1:" + base64.b64encode(sealed).decode()}
            elif self.path == "/v1/transit/decrypt/parley":
                try:
                    sealed = base64.b64decode(body["ciphertext"].removeprefix("vault:v1:"))
                    data = {"plaintext": base64.b64encode(master.unwrap(sealed, place)).decode()}
                except MasterRefused:
                    status = 400
            else:
                status = 404
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"data": data}).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - likewise
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Engine) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
