"""A double of Google Cloud KMS and of what gives tokens for it: as much of both as Parley asks for."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.vault.master import LocalMaster, MasterRefused
from tests.app.vault.answering import answering

KEY = "projects/shop/locations/europe-west3/keyRings/parley/cryptoKeys/master"
OTHER_KEY = KEY.replace("master", "another")
TOKEN = "ya29.tests"
STATUS = {"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403}
STATUS |= {"NOT_FOUND": 404, "UNAVAILABLE": 503}


@dataclass
class Kms:
    """Its state. `fault` is a code of Google's that is answered in place of the truth; `knows` the account or not."""

    address: str = ""
    fault: str | None = None
    knows: bool = True

    def environ(self, folder: Path) -> dict[str, str]:
        account = {
            "type": "service_account",
            "client_email": "parley@shop.example",
            "token_uri": f"{self.address}/token",
            "private_key": _private_key(),
        }
        (folder / "account.json").write_text(json.dumps(account))
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(folder / "account.json")}


@contextmanager
def google_kms() -> Iterator[Kms]:
    kms = Kms()
    masters = {key: LocalMaster("double", key[-32:].encode()) for key in (KEY, OTHER_KEY)}

    def answer(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if path == "/token":
            return _token(kms, body)
        if kms.fault:
            return _fault(kms.fault)
        if headers["authorization"] != f"Bearer {TOKEN}":
            return _fault("UNAUTHENTICATED")
        key, _, what = path.removeprefix("/v1/").partition(":")
        if key not in masters:
            return _fault("NOT_FOUND")
        asked = {name: base64.b64decode(value) for name, value in json.loads(body).items()}
        place = asked["additionalAuthenticatedData"].decode()
        if what == "encrypt":
            return _found("ciphertext", masters[key].wrap(asked["plaintext"], place))
        assert what == "decrypt"
        try:
            return _found("plaintext", masters[key].unwrap(asked["ciphertext"], place))
        except MasterRefused:
            return _fault("INVALID_ARGUMENT")

    with answering(answer) as kms.address:
        yield kms


def _token(kms: Kms, body: bytes) -> tuple[int, bytes]:
    """As RFC 7523 has it: a token for an assertion that the account has signed."""
    (assertion,) = parse_qs(body.decode())["assertion"]
    public = serialization.load_pem_private_key(_private_key().encode(), None).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    jwt.decode(assertion, public, algorithms=["RS256"], audience="https://oauth2.googleapis.com/token")
    if not kms.knows:
        return 400, json.dumps({"error": "invalid_grant"}).encode()
    return 200, json.dumps({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}).encode()


@cache
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _found(name: str, value: bytes) -> tuple[int, bytes]:
    return 200, json.dumps({name: base64.b64encode(value).decode()}).encode()


def _fault(status: str) -> tuple[int, bytes]:
    return STATUS[status], json.dumps({"error": {"code": STATUS[status], "status": status, "message": "no"}}).encode()
