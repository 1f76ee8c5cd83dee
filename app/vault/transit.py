"""A master key that never leaves OpenBao's or HashiCorp Vault's transit engine."""

import base64
from contextlib import suppress
from urllib.parse import quote

import httpx

from app.vault.master import WITHIN_S, MasterDenied, MasterRefused, MasterUnreachable

_DENIED = {
    400: "the server does not use it so; it needs a type with associated data, such as aes256-gcm96",
    403: "the token may not use it, or has expired (status 403); renew the token or its policy",
    404: "the server has no such key or no such engine; correct keys.transit_key or keys.transit_mount",
}
_SEALED = 503


class TransitMaster:
    """A key of the transit engine, of a type with associated data, such as aes256-gcm96.

    Args:
        address: of the server, such as `https://bao.example.com:8200`.
        token: needs `update` on `MOUNT/encrypt/KEY` and `MOUNT/decrypt/KEY`.
    """

    def __init__(self, address: str, token: str, key: str, *, mount: str = "transit") -> None:
        self.name = f"the key {key} of {address}"
        self._address, self._token, self._key, self._mount = address.rstrip("/"), token, quote(key, safe=""), mount

    def wrap(self, key: bytes, place: str) -> bytes:
        """Let the server encrypt a key."""
        return self._ask("encrypt", {"plaintext": base64.b64encode(key).decode()}, place, "ciphertext").encode()

    def unwrap(self, wrapped: bytes, place: str) -> bytes:
        """Let the server decrypt a key."""
        try:
            return base64.b64decode(self._ask("decrypt", {"ciphertext": wrapped.decode()}, place, "plaintext"))
        except UnicodeDecodeError:  # wrapped by another kind of master key
            raise MasterRefused from None

    def _ask(self, what: str, body: dict[str, str], place: str, wanted: str) -> str:
        body["associated_data"] = base64.b64encode(place.encode()).decode()
        try:
            answer = httpx.post(
                f"{self._address}/v1/{self._mount}/{what}/{self._key}",
                json=body,
                headers={"X-Vault-Token": self._token},
                timeout=WITHIN_S,
                follow_redirects=False,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise MasterUnreachable(
                f"The server with the master key cannot be reached ({type(error).__name__})."
            ) from None
        if answer.is_success:
            with suppress(ValueError, KeyError, TypeError):
                return str(answer.json()["data"][wanted])
        if answer.status_code == 400 and what == "decrypt":
            raise MasterRefused
        if why := _DENIED.get(answer.status_code):
            raise MasterDenied(f"The master key is {self.name}, but {why}.")
        if answer.status_code == _SEALED:
            raise MasterUnreachable("The server with the master key is sealed; unseal it.")
        raise MasterUnreachable(f"The server with the master key answered with status {answer.status_code}.")
