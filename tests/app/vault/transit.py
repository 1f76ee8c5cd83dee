"""A double of the transit engine of OpenBao: as much of it as Parley asks for."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from app.vault.master import LocalMaster, MasterRefused
from tests.app.vault.answering import answering

TOKEN = "s.tests"


@contextmanager
def transit_engine(key: bytes = b"t" * 32) -> Iterator[str]:
    """Serve until left; yields the address."""
    master = LocalMaster("double", key)

    def answer(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        asked = json.loads(body)
        place = base64.b64decode(asked["associated_data"]).decode()
        status, data = 200, {}
        if headers["X-Vault-Token"] != TOKEN:
            status = 403
        elif path == "/v1/transit/encrypt/parley":
            sealed = master.wrap(base64.b64decode(asked["plaintext"]), place)
            data = {"ciphertext": "vault:v1:" + base64.b64encode(sealed).decode()}
        elif path == "/v1/transit/decrypt/parley":
            try:
                sealed = base64.b64decode(asked["ciphertext"].removeprefix("vault:v1:"))
                data = {"plaintext": base64.b64encode(master.unwrap(sealed, place)).decode()}
            except MasterRefused:
                status = 400
        else:
            status = 404
        return status, json.dumps({"data": data}).encode()

    with answering(answer) as address:
        yield address
