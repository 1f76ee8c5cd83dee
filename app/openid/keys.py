"""The keys with which a provider signs: which one a statement names, and whether that one may be used."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from app.openid.kept import Clock, Kept
from app.openid.refused import OpenIdRefused


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What an algorithm needs: the kind and curve of its keys, and the hash that goes with it."""

    kty: str
    crv: str | None
    digest: str


# Asymmetric ones only. With an HMAC, everybody who knows the public key could sign.
ALGORITHMS = {
    "RS256": Algorithm("RSA", None, "sha256"),
    "RS384": Algorithm("RSA", None, "sha384"),
    "RS512": Algorithm("RSA", None, "sha512"),
    "PS256": Algorithm("RSA", None, "sha256"),
    "PS384": Algorithm("RSA", None, "sha384"),
    "PS512": Algorithm("RSA", None, "sha512"),
    "ES256": Algorithm("EC", "P-256", "sha256"),
    "ES384": Algorithm("EC", "P-384", "sha384"),
    "ES512": Algorithm("EC", "P-521", "sha512"),
    "EdDSA": Algorithm("OKP", "Ed25519", "sha512"),
}
LEAST_RSA_BITS = 2048
Jwk = dict[str, Any]


class KeyRing:
    """The provider's keys, fetched when they are first needed and again when a statement names an unknown one."""

    def __init__(self, fetch: Callable[[], Awaitable[dict[str, Any]]], clock: Clock) -> None:
        self._fetch = fetch
        self._kept: Kept[tuple[Jwk, ...]] = Kept(self._fetch_keys, clock)

    async def find(self, kid: str | None, alg: str) -> jwt.PyJWK:
        """Return the key that a statement names.

        Args:
            kid: the key's name; None is right only where one key alone fits.
            alg: one of `ALGORITHMS`.

        Raises:
            OpenIdRefused: the keys are away, none is the one, or it is weak.
        """
        jwk = choose(await self._kept.get(), kid, alg) or choose(await self._kept.renewed(), kid, alg)
        if jwk is None:
            raise OpenIdRefused("unknown_key")
        try:
            key = jwt.PyJWK(jwk, alg)
        except (jwt.PyJWTError, ValueError, TypeError):
            raise OpenIdRefused("unreadable", "jwks") from None
        if ALGORITHMS[alg].kty == "RSA" and key.key.key_size < LEAST_RSA_BITS:
            raise OpenIdRefused("weak_key", str(key.key.key_size))
        return key

    async def _fetch_keys(self) -> tuple[Jwk, ...]:
        try:
            found = await self._fetch()
        except OpenIdRefused as refused:
            raise OpenIdRefused("keys_away", f"{refused.reason} {refused.detail}".strip()) from None
        keys = found.get("keys")
        if not isinstance(keys, list):
            raise OpenIdRefused("unreadable", "jwks")
        return tuple(key for key in keys if isinstance(key, dict))


def choose(keys: Sequence[Jwk], kid: str | None, alg: str) -> Jwk | None:
    """The one key with that name that may sign with that algorithm; None when there is none, or a doubt."""
    needed = ALGORITHMS[alg]
    fitting = [
        key
        for key in keys
        if key.get("kty") == needed.kty
        and (needed.crv is None or key.get("crv") == needed.crv)
        and key.get("use", "sig") == "sig"
        and key.get("alg", alg) == alg
        and (kid is None or key.get("kid") == kid)
    ]
    return fitting[0] if len(fitting) == 1 else None


def half_hash(alg: str, text: str) -> bytes:
    """The left half of a text's hash, as `at_hash` has it (OpenID Connect Core 1.0, section 3.1.3.6)."""
    digest = hashlib.new(ALGORITHMS[alg].digest, text.encode()).digest()
    return digest[: len(digest) // 2]
