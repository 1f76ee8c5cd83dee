"""A master key that never leaves AWS KMS."""

from typing import Any

from app.vault.master import WITHIN_S, MasterDenied, MasterRefused, MasterUnreachable
from graph.errors import ConfigError

_REFUSED = {"InvalidCiphertextException", "IncorrectKeyException"}
_DENIED = {
    "AccessDeniedException": "may not be used with these credentials; allow them kms:Encrypt and kms:Decrypt on it",
    "DisabledException": "is disabled; enable it",
    "KMSInvalidStateException": "is not enabled, or is about to be deleted; enable it",
    "NotFoundException": "does not exist in this account and region; correct keys.aws_key or keys.aws_region",
    "InvalidKeyUsageException": "does not encrypt; name a symmetric key for encrypting and decrypting",
    "ExpiredTokenException": "was asked with credentials that have expired; renew them",
    "UnrecognizedClientException": "was asked with credentials that AWS does not know; correct them",
    "InvalidClientTokenId": "was asked with credentials that AWS does not know; correct them",
    "InvalidSignatureException": "was asked with credentials that AWS does not accept; correct them",
}


class AwsMaster:
    """A symmetric key of AWS KMS. What is wrapped stands in the encryption context, so CloudTrail shows it.

    botocore signs, knows the addresses of the regions, and finds the credentials where AWS's own tools do: variables,
    profiles, web identity, the roles of containers and machines. `AWS_ENDPOINT_URL_KMS` names another address.

    Args:
        key: id, ARN or alias. Whatever an alias named when a key was wrapped must still be what it names.
        region: where AWS's own settings and the ARN do not say it.
    """

    def __init__(self, key: str, region: str | None = None) -> None:
        """Look for the credentials, which may ask the machine's metadata service.

        Raises:
            ConfigError: botocore is missing, or its own settings cannot be used.
        """
        try:
            from botocore import exceptions, session
            from botocore.config import Config
        except ImportError:
            raise ConfigError("keys.aws_key needs the package botocore; install `parley[aws]`.") from None
        self.name = f"the key {key} of AWS KMS"
        self._key, self._errors = key, exceptions
        once_more = Config(
            connect_timeout=WITHIN_S / 2,
            read_timeout=WITHIN_S / 2,
            retries={"total_max_attempts": 2, "mode": "standard"},
        )
        try:
            self._client = session.get_session().create_client(
                "kms", region_name=region or _region_of(key), config=once_more
            )
        except exceptions.NoRegionError:
            raise ConfigError("AWS KMS needs a region; set keys.aws_region.") from None
        except (exceptions.BotoCoreError, ValueError) as error:
            raise ConfigError(f"The settings of AWS cannot be used: {error}") from None

    def wrap(self, key: bytes, place: str) -> bytes:
        """Let KMS encrypt a key."""
        return self._ask("encrypt", place, "CiphertextBlob", Plaintext=key)

    def unwrap(self, wrapped: bytes, place: str) -> bytes:
        """Let KMS decrypt a key, with the named key only: the database does not choose another one."""
        return self._ask("decrypt", place, "Plaintext", CiphertextBlob=wrapped)

    def _ask(self, what: str, place: str, wanted: str, **body: Any) -> bytes:
        try:
            answer = getattr(self._client, what)(KeyId=self._key, EncryptionContext={"parley": place}, **body)
        except self._errors.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code in _REFUSED:
                raise MasterRefused from None
            if why := _DENIED.get(code):
                raise MasterDenied(f"The master key, {self.name}, {why}.") from None
            raise MasterUnreachable(f"AWS KMS cannot use the master key just now ({code}).") from None
        except (self._errors.NoCredentialsError, self._errors.PartialCredentialsError):
            raise MasterDenied(
                "No credentials for AWS were found; give this process a role, a profile or AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY."
            ) from None
        except self._errors.BotoCoreError as error:
            raise MasterUnreachable(f"AWS KMS cannot be reached ({type(error).__name__}).") from None
        return bytes(answer[wanted])


def _region_of(key: str) -> str | None:
    """The region in an ARN, such as `arn:aws:kms:eu-central-1:111122223333:key/…`."""
    parts = key.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 5 else None
