"""Keys of their own for every purpose, out of the one secret of an installation."""

import hashlib
import hmac
import secrets


def derived_key(secret: bytes, purpose: str) -> bytes:
    """32 bytes that only this purpose uses: who learns one of them learns no other."""
    return hmac.new(secret, f"parley {purpose}".encode(), hashlib.sha256).digest()


def new_token(prefix: str = "") -> str:
    """A secret of 256 bits that somebody will show us again."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of such a secret. Random ones need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()
