"""What is written to the database encrypted: AES-256-GCM, bound to the row and the column that it stands in."""

import os
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from graph.errors import ParleyError

KEY_BYTES = 32
CLEAR = b"\0"
"""First byte of what an older Parley wrote in clear, until it is sealed."""
_SEALED = b"\1"
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + 16


class Unreadable(ParleyError):
    """Something in the database cannot be decrypted: it was changed or moved, or its key is gone."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key that encrypts. `id` is written beside what it encrypts, so that a reader finds it."""

    id: UUID
    key: bytes = field(repr=False)

    def seal(self, place: str, clear: bytes) -> bytes:
        """Encrypt for one place, such as `pseudonyms.value/…/[EMAIL_1]`: nowhere else can it be decrypted."""
        nonce = os.urandom(_NONCE_BYTES)
        return _SEALED + self.id.bytes + nonce + AESGCM(self.key).encrypt(nonce, clear, place.encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` has made for this place.

        Raises:
            Unreadable: it was made for another place or by another key, or was changed.
        """
        if key_of(sealed) != self.id:
            raise Unreadable
        nonce, hidden = sealed[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES], sealed[_HEAD_BYTES + _NONCE_BYTES :]
        try:
            return AESGCM(self.key).decrypt(nonce, hidden, place.encode())
        except (InvalidTag, ValueError):
            raise Unreadable from None


def key_of(sealed: bytes) -> UUID:
    """The id of the key that sealed it.

    Raises:
        Unreadable: it is not sealed.
    """
    if sealed[:1] != _SEALED or len(sealed) < _HEAD_BYTES:
        raise Unreadable
    return UUID(bytes=sealed[1:_HEAD_BYTES])
