"""An OpenID provider that is strict and honest until a test spoils it: what it says, signs, publishes or does."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

CLIENT = "parley"
SECRET = "a secret of the client: 100 % & more"
DISCOVERY, KEYS, TOKEN, PERSON = "/.well-known/openid-configuration", "/keys", "/token", "/person"
Handler = Callable[[Request], Awaitable[Response]]
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair with the algorithm that it is for."""

    kid: str
    alg: str
    private: Private

    def published(self) -> dict[str, Any]:
        """The public half, as the provider publishes it."""
        public: Any = self.private.public_key()
        jwk: dict[str, Any] = jwt.get_algorithm_by_name(self.alg).to_jwk(public, as_dict=True)
        return jwk | {"kid": self.kid, "alg": self.alg, "use": "sig"}


def make_key(alg: str = "ES256", *, kid: str = "first", rsa_bits: int = 2048) -> Key:
    """A new key pair."""
    curves: dict[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    if alg in curves:
        return Key(kid, alg, ec.generate_private_key(curves[alg]))
    if alg == "EdDSA":
        return Key(kid, alg, ed25519.Ed25519PrivateKey.generate())
    return Key(kid, alg, rsa.generate_private_key(65537, rsa_bits))


@dataclass(slots=True)
class Code:
    """What a code stands for."""

    challenge: str
    nonce: str
    redirect_uri: str


@dataclass(slots=True)
class Double:
    """The provider. Tests change its fields.

    Attributes:
        claims: over what it says of the person; None takes a claim away.
        discovery: likewise, over its description.
        header: likewise, over the header of its statement.
        person: what `PERSON` answers.
        token: over what `TOKEN` answers.
        way_back: over the parameters with which it sends the browser back.
        sign: makes the statement of header and claims.
        instead: answers a path in its place.
        asked: how often each path was asked.
    """

    issuer: str
    auth_method: str = "client_secret_basic"
    key: Key = field(default_factory=make_key)
    keys: list[dict[str, Any]] | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    person: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    way_back: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any], dict[str, Any]], str] | None = None
    instead: dict[str, Handler] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    codes: dict[str, Code] = field(default_factory=dict)

    def app(self) -> Starlette:
        """The provider as a web application."""
        handlers: dict[str, Handler] = {
            DISCOVERY: self._describe,
            KEYS: self._publish,
            "/authorize": self._authorize,
            TOKEN: self._redeem,
            PERSON: self._tell,
        }
        return Starlette(
            routes=[
                Route(path, self._or_instead(path, handler), methods=["GET", "POST"])
                for path, handler in handlers.items()
            ]
        )

    def _or_instead(self, path: str, handler: Handler) -> Handler:
        async def handle(request: Request) -> Response:
            self.asked[path] += 1
            return await self.instead.get(path, handler)(request)

        return handle

    async def _describe(self, request: Request) -> Response:
        return JSONResponse(
            changed(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
                    "token_endpoint": f"{self.issuer}{TOKEN}",
                    "jwks_uri": f"{self.issuer}{KEYS}",
                    "userinfo_endpoint": f"{self.issuer}{PERSON}",
                    "id_token_signing_alg_values_supported": [self.key.alg, "HS256", "none"],
                    "code_challenge_methods_supported": ["S256"],
                    "token_endpoint_auth_methods_supported": [self.auth_method],
                },
                self.discovery,
            )
        )

    async def _publish(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.key.published()] if self.keys is None else self.keys})

    async def _authorize(self, request: Request) -> Response:
        query = request.query_params
        assert query["tenant"] == "1"
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["scope"] == "openid email profile"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_hex(8)
        self.codes[code] = Code(query["code_challenge"], query["nonce"], query["redirect_uri"])
        back = changed({"code": code, "state": query["state"]}, self.way_back)
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", 302)

    async def _redeem(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if not self._knows(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        code = self.codes.pop(form["code"], None)
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            code is None
            or form["grant_type"] != "authorization_code"
            or code.redirect_uri != form["redirect_uri"]
            or code.challenge != base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "person-1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": code.nonce,
            "email": "Ada@Example.com",
            "email_verified": True,
            "name": "Ada  Lovelace",
        }
        header = changed({"alg": self.key.alg, "kid": self.key.kid}, self.header)
        statement = (self.sign or self._signed)(header, changed(claims, self.claims))
        return JSONResponse(
            changed({"access_token": "opened", "token_type": "Bearer", "id_token": statement}, self.token)
        )

    def _knows(self, request: Request, form: dict[str, str]) -> bool:
        basic = base64.b64encode(b"parley:a+secret+of+the+client%3A+100+%25+%26+more").decode()
        shown = {
            "client_secret_basic": (f"Basic {basic}", None, None),
            "client_secret_post": (None, CLIENT, SECRET),
            "none": (None, CLIENT, None),
        }
        found = request.headers.get("Authorization"), form.get("client_id"), form.get("client_secret")
        return found == shown[self.auth_method]

    async def _tell(self, request: Request) -> Response:
        if request.headers.get("Authorization") != "Bearer opened":
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse(self.person)

    def _signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return self.signed(header, json.dumps(claims).encode())

    def signed(self, header: dict[str, Any], payload: bytes) -> str:
        """Any statement, signed with the provider's key."""
        return jwt.PyJWS().encode(payload, self.key.private, self.key.alg, headers=header)


def changed(said: dict[str, Any], by: dict[str, Any]) -> dict[str, Any]:
    """The dictionary with others' values; None takes one away."""
    return {name: value for name, value in (said | by).items() if value is not None}


def at_hash(access_token: str, digest: str) -> str:
    """The claim that ties a statement to an access token."""
    whole = hashlib.new(digest, access_token.encode()).digest()
    return base64.urlsafe_b64encode(whole[: len(whole) // 2]).decode().rstrip("=")


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A statement without a signature."""
    return raw(header | {"alg": "none"}, json.dumps(claims).encode(), b"")


def raw(header: dict[str, Any], payload: bytes, signature: bytes) -> str:
    """A statement of any parts."""
    parts = (json.dumps(header).encode(), payload, signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def status(code: int) -> Handler:
    """Answers with a status."""

    async def handle(request: Request) -> Response:
        return Response(status_code=code)

    return handle


def text(body: bytes, headers: dict[str, str] | None = None, *, code: int = 200) -> Handler:
    """Answers with these bytes."""

    async def handle(request: Request) -> Response:
        return Response(body, code, headers)

    return handle


def dripping(times: int, bit: bytes, every_s: float) -> Handler:
    """Answers in bits, each after a wait: a reader that bounds only each read never gives up."""

    async def handle(request: Request) -> Response:
        async def bits() -> AsyncIterator[bytes]:
            for _ in range(times):
                await asyncio.sleep(every_s)
                yield bit

        return StreamingResponse(bits())

    return handle
