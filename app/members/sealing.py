"""Small secrets that leave our hands for a while: encrypted, bound to their purpose and their owner."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.access.keys import derived_key

_NONCE_BYTES = 12


def seal(secret: bytes, purpose: str, content: bytes, *, owner: bytes) -> bytes:
    """Encrypt with AES-256-GCM. Only the same purpose and owner open it again."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(derived_key(secret, purpose)).encrypt(nonce, content, owner)


def unseal(secret: bytes, purpose: str, sealed: bytes, *, owner: bytes) -> bytes | None:
    """What was sealed; None when it was not sealed by us for this purpose and owner."""
    if len(sealed) <= _NONCE_BYTES:
        return None
    try:
        return AESGCM(derived_key(secret, purpose)).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner)
    except InvalidTag:
        return None
