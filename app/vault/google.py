"""A master key that never leaves Google Cloud KMS."""

import base64
import threading
from contextlib import suppress

import httpx

from app.vault.master import WITHIN_S, MasterDenied, MasterRefused, MasterUnreachable
from graph.errors import ConfigError

ADDRESS = "https://cloudkms.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/cloudkms"
_DENIED = {
    "FAILED_PRECONDITION": "is disabled or destroyed; enable its version",
    "PERMISSION_DENIED": "may not be used with these credentials; give them the role "
    "roles/cloudkms.cryptoKeyEncrypterDecrypter on it",
    "NOT_FOUND": "does not exist; correct keys.google_key",
    "UNAUTHENTICATED": "was asked with credentials that Google does not accept; correct them",
}


class GoogleMaster:
    """A symmetric key of Google Cloud KMS.

    google-auth finds the credentials where Google's own tools do: GOOGLE_APPLICATION_CREDENTIALS, gcloud's own, the
    account of the machine. Its requests and ours go through the proxy that the environment names, if it does.

    Args:
        key: `projects/…/locations/…/keyRings/…/cryptoKeys/…`.
        address: of the service; a region has one of its own.
    """

    def __init__(self, key: str, address: str = ADDRESS) -> None:
        """Look for the credentials, which may ask the machine's metadata service.

        Raises:
            ConfigError: google-auth is missing, or finds no credentials.
        """
        try:
            import google.auth
            from google.auth import exceptions
            from google.auth.transport.requests import Request
        except ImportError:
            raise ConfigError("keys.google_key needs the package google-auth; install `parley[google]`.") from None
        self.name = f"the key {key} of Google Cloud KMS"
        self._address = f"{address.rstrip('/')}/v1/{key}"
        self._errors, self._request, self._refreshing = exceptions, Request(), threading.Lock()
        try:
            self._credentials, _ = google.auth.default(scopes=[_SCOPE])
        except exceptions.GoogleAuthError:
            raise ConfigError(
                "No credentials for Google Cloud were found; set GOOGLE_APPLICATION_CREDENTIALS, or give it an account."
            ) from None

    def wrap(self, key: bytes, place: str) -> bytes:
        """Let KMS encrypt a key."""
        return self._ask("encrypt", "plaintext", key, place, "ciphertext")

    def unwrap(self, wrapped: bytes, place: str) -> bytes:
        """Let KMS decrypt a key."""
        return self._ask("decrypt", "ciphertext", wrapped, place, "plaintext")

    def _ask(self, what: str, given: str, value: bytes, place: str, wanted: str) -> bytes:
        body = {given: base64.b64encode(value).decode()}
        body["additionalAuthenticatedData"] = base64.b64encode(place.encode()).decode()
        try:
            answer = httpx.post(f"{self._address}:{what}", json=body, headers=self._headers(), timeout=WITHIN_S)
        except httpx.HTTPError as error:
            raise MasterUnreachable(f"Google Cloud KMS cannot be reached ({type(error).__name__}).") from None
        if answer.is_success:
            with suppress(ValueError, KeyError, TypeError):
                return base64.b64decode(answer.json()[wanted])
        code = f"status {answer.status_code}"
        with suppress(ValueError, KeyError, TypeError):
            code = str(answer.json()["error"]["status"])
        if code == "INVALID_ARGUMENT" and what == "decrypt":
            raise MasterRefused
        if why := _DENIED.get(code):
            raise MasterDenied(f"The master key, {self.name}, {why}.")
        raise MasterUnreachable(f"Google Cloud KMS cannot use the master key just now ({code}).")

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        try:
            with self._refreshing:  # credentials are not made for several threads
                if not self._credentials.valid:
                    self._credentials.refresh(self._request)  # type: ignore[no-untyped-call]  # as it ships
                self._credentials.apply(headers)  # type: ignore[no-untyped-call]  # likewise
        except self._errors.RefreshError as error:
            if not error.retryable:
                raise MasterDenied("Google does not accept these credentials for its KMS; correct them.") from None
            raise MasterUnreachable("Google gives no token for its KMS just now.") from None
        except self._errors.GoogleAuthError as error:
            raise MasterUnreachable(f"Google gives no token for its KMS ({type(error).__name__}).") from None
        return headers
