"""One provider, as a client sees it: its description and keys, kept; a code made into a person."""

import base64
import hashlib
import time
from dataclasses import dataclass
from urllib.parse import quote_plus

import httpx

from app.openid.discovery import Metadata, is_safe, read_metadata, well_known
from app.openid.fetch import Fetcher
from app.openid.id_token import Claims, Expected, read_id_token
from app.openid.identity import Identity, identity_of
from app.openid.kept import Clock, Kept
from app.openid.keys import KeyRing
from app.openid.refused import OpenIdRefused
from app.settings import OpenId
from graph.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Flow:
    """The secrets of one sign-in: the nonce comes back in the statement, the verifier goes out with the code (PKCE)."""

    nonce: str
    verifier: str


class Provider:
    """Fetches nothing before it is asked. One in a process.

    Args:
        settings: `issuer` and `client_id` are set.
        fetcher: asks over HTTP.
        clock: seconds that only ever grow, for what is kept.
    """

    def __init__(self, settings: OpenId, *, fetcher: Fetcher | None = None, clock: Clock = time.monotonic) -> None:
        self._settings = settings
        self._issuer, self._client_id = settings.issuer or "", settings.client_id or ""
        self._secret = settings.client_secret.get_secret_value() if settings.client_secret else None
        self._fetcher = fetcher or Fetcher()
        self._metadata: Kept[Metadata] = Kept(self._discover, clock)
        self._keys = KeyRing(self._fetch_keys, clock)

    async def address(self, flow: Flow, *, state: str, redirect_uri: str) -> str:
        """Where to send a browser so that its person signs in.

        Raises:
            OpenIdRefused: the provider cannot be asked or cannot be used.
        """
        metadata = await self._metadata.get()
        challenge = hashlib.sha256(flow.verifier.encode()).digest()
        return str(
            httpx.URL(metadata.authorization_endpoint).copy_merge_params(
                {
                    "response_type": "code",
                    "client_id": self._client_id,
                    "redirect_uri": redirect_uri,
                    "scope": self._settings.scopes,
                    "state": state,
                    "nonce": flow.nonce,
                    "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
                    "code_challenge_method": "S256",
                }
            )
        )

    async def check_sender(self, issuer: str | None) -> None:
        """Hold the name in an answer against the provider that was asked (RFC 9207).

        Raises:
            OpenIdRefused: it is another one, or none although this provider always names itself.
        """
        if issuer is None and not (await self._metadata.get()).names_itself:
            return
        if issuer != self._issuer:
            raise OpenIdRefused("mixed_up")

    async def identity(self, code: str, flow: Flow, *, redirect_uri: str) -> Identity:
        """Redeem a code and return who has signed in.

        Raises:
            OpenIdRefused: the provider does not vouch for anybody, or not in a way that can be trusted.
        """
        metadata = await self._metadata.get()
        access_token, id_token = await self._redeem(metadata, code, flow.verifier, redirect_uri)
        expected = Expected(
            issuer=self._issuer,
            client_id=self._client_id,
            nonce=flow.nonce,
            access_token=access_token,
            algorithms=metadata.algorithms,
            now=time.time(),
            skew_s=self._settings.clock_skew_s,
        )
        claims = await read_id_token(id_token, self._keys, expected)
        said = claims.model_dump(include={"email", "email_verified", "name"})
        if (claims.email is None or claims.email_verified is None) and metadata.userinfo_endpoint is not None:
            said = await self._user_info(metadata.userinfo_endpoint, access_token, claims)
        return identity_of(self._issuer, claims.sub, said)

    async def _user_info(self, address: str, access_token: str, claims: Claims) -> dict[str, object]:
        """What the provider says elsewhere. Address and verification are taken from one place, never mixed."""
        found = await self._fetcher.get(address, bearer=access_token)
        if found.get("sub") != claims.sub:
            raise OpenIdRefused("other_person")
        return {"name": claims.name} | found

    async def _redeem(self, metadata: Metadata, code: str, verifier: str, redirect_uri: str) -> tuple[str, str]:
        """Return the access token and the ID token."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        basic = None
        if self._secret is not None and metadata.auth_method == "client_secret_basic":
            basic = quote_plus(self._client_id), quote_plus(self._secret)  # as RFC 6749, section 2.3.1, has it
        else:
            form["client_id"] = self._client_id
        if self._secret is not None and metadata.auth_method == "client_secret_post":
            form["client_secret"] = self._secret
        status, found = await self._fetcher.post(metadata.token_endpoint, form, basic=basic)
        if status != httpx.codes.OK:
            error = found.get("error")
            if status == httpx.codes.UNAUTHORIZED or error in ("invalid_client", "unauthorized_client"):
                raise OpenIdRefused("client_refused")
            raise OpenIdRefused("code_refused" if error == "invalid_grant" else "provider_error", "token")
        access_token, id_token = found.get("access_token"), found.get("id_token")
        if not (isinstance(access_token, str) and isinstance(id_token, str)):
            raise OpenIdRefused("incomplete")
        if not (access_token.isascii() and access_token.isprintable()):
            raise OpenIdRefused("incomplete", "access_token")  # it would not fit into a header
        return access_token, id_token

    async def _discover(self) -> Metadata:
        found = await self._fetcher.get(well_known(self._issuer))
        return read_metadata(found, issuer=self._issuer, has_secret=self._secret is not None)

    async def _fetch_keys(self) -> dict[str, object]:
        return await self._fetcher.get((await self._metadata.get()).jwks_uri)


def provider_of(settings: OpenId) -> Provider | None:
    """The provider that the settings name; None when they name none.

    Raises:
        ConfigError: the settings contradict each other.
    """
    if settings.issuer is None:
        return None
    if not is_safe(settings.issuer, loopback=True) or httpx.URL(settings.issuer).query:
        raise ConfigError(
            "The setting openid.issuer must be an https address without a query; http is for this machine."
        )
    if settings.client_id is None:
        raise ConfigError("Set openid.client_id to the name that the provider gave this installation.")
    if "openid" not in settings.scopes.split():
        raise ConfigError("The setting openid.scopes must contain openid.")
    if settings.create and not settings.domains:
        raise ConfigError("Set openid.domains: with openid.create it says whose addresses get an account.")
    return Provider(settings)
