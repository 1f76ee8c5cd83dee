"""What a good provider and an honest browser never do. Each is refused for its own reason, and signs nobody in."""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.openid.provider import Provider
from app.openid.refused import SENTENCES, OpenIdRefused
from app.settings import OpenId
from tests.app.openid.conftest import Clock, Desk
from tests.app.openid.double import (
    CLIENT,
    DISCOVERY,
    KEYS,
    PERSON,
    TOKEN,
    Double,
    at_hash,
    dripping,
    make_key,
    raw,
    status,
    text,
    unsigned,
)

pytestmark = pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")  # one provider signs with such a key

Spoil = Callable[[Double], None]
NOW = int(time.time())


def says(**claims: Any) -> Spoil:
    """A provider whose statement has other claims."""
    return lambda double: double.claims.update(claims)


def describes(**fields: Any) -> Spoil:
    """A provider that describes itself in another way."""
    return lambda double: double.discovery.update(fields)


def answers(path: str, handler: Callable[[Request], Any]) -> Spoil:
    """A provider that answers a path in another way."""
    return lambda double: double.instead.update({path: handler})


def sends_back(**parameters: Any) -> Spoil:
    """A provider that sends the browser back with other parameters."""
    return lambda double: double.way_back.update(parameters)


def signs(sign: Callable[[Double, dict[str, Any], dict[str, Any]], str]) -> Spoil:
    """A provider that signs in another way."""

    def spoil(double: Double) -> None:
        double.sign = lambda header, claims: sign(double, header, claims)

    return spoil


def by_hmac(key: bytes, header: dict[str, Any], payload: bytes) -> str:
    """A statement with a symmetric signature."""
    unfinished = raw(header | {"alg": "HS256"}, payload, b"").rstrip(".")
    return raw(header | {"alg": "HS256"}, payload, hmac.digest(key, unfinished.encode(), hashlib.sha256))


def by_public_key(double: Double, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """What somebody can sign who knows only what everybody knows."""
    pem = double.key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return by_hmac(pem, header, json.dumps(claims).encode())


def publishes(**fields: Any) -> Spoil:
    """A provider whose published key is another one in these fields."""
    return lambda double: setattr(double, "keys", [double.key.published() | fields])


def has_key(alg: str, bits: int) -> Spoil:
    """A provider with such a key."""
    return lambda double: setattr(double, "key", make_key(alg, rsa_bits=bits))


def with_person(**person: Any) -> Spoil:
    """A provider that tells of somebody elsewhere, and says nothing in its statement."""

    def spoil(double: Double) -> None:
        double.claims.update(email=None, email_verified=None)
        double.person = person

    return spoil


def both(first: Spoil, second: Spoil) -> Spoil:
    """A provider that does both."""

    def spoil(double: Double) -> None:
        first(double)
        second(double)

    return spoil


async def away(request: Request) -> Response:
    """Send the client to what looks right."""
    return RedirectResponse(f"{request.url}?again", 302)


HUGE = b"x" * 1_000_000
DEEP = b'{"a":' + b"[" * 100_000
OTHER_KEY = make_key(kid="first")
REFUSED: list[tuple[str, str, Spoil]] = [
    # On the way there.
    ("slow", "description comes in drips", answers(DISCOVERY, dripping(50, b" ", 0.2))),
    ("too_large", "description of 50 MB", answers(DISCOVERY, dripping(50, HUGE, 0))),
    ("failing", "description redirects", answers(DISCOVERY, away)),
    ("failing", "no description", answers(DISCOVERY, status(404))),
    ("unreadable", "description is a page", answers(DISCOVERY, text(b"<html>"))),
    ("unreadable", "description is a list", answers(DISCOVERY, text(b"[]"))),
    ("unreadable", "description is bottomless", answers(DISCOVERY, text(DEEP))),
    ("unreadable", "description is compressed", answers(DISCOVERY, text(b"{}", {"Content-Encoding": "gzip"}))),
    ("unreadable", "description lacks a field", describes(token_endpoint=None)),
    ("unreadable", "description has a wrong type", describes(jwks_uri=7)),
    ("other_issuer", "another issuer", describes(issuer="http://127.0.0.1")),
    ("other_issuer", "issuer with a slash more", lambda double: double.discovery.update(issuer=double.issuer + "/")),
    ("insecure", "keys without https", describes(jwks_uri="http://id.example.com/keys")),
    ("insecure", "token with a password", describes(token_endpoint="https://me:pass@id.example.com/token")),
    ("insecure", "a script in place of a page", describes(authorization_endpoint="javascript:alert(1)")),
    ("insecure", "no address", describes(userinfo_endpoint="https://[::/person")),
    ("unsupported", "symmetric signatures only", describes(id_token_signing_alg_values_supported=["HS256", "none"])),
    ("unsupported", "no PKCE but in the clear", describes(code_challenge_methods_supported=["plain"])),
    ("unsupported", "secret as a JWT", describes(token_endpoint_auth_methods_supported=["private_key_jwt"])),
    # On the way back.
    ("cancelled", "cancelled", sends_back(code=None, error="access_denied")),
    ("provider_error", "error", sends_back(code=None, error="server_error")),
    ("provider_error", "error with a code", sends_back(error="Robert\n tables")),
    ("no_code", "no code", sends_back(code=None)),
    ("no_code", "empty code", sends_back(code="")),
    ("mixed_up", "another sender", sends_back(iss="https://evil.example")),
    ("mixed_up", "silent sender", describes(authorization_response_iss_parameter_supported=True)),
    ("code_refused", "another's code", sends_back(code="made-up")),
    (
        "client_refused",
        "client shows its secret in a way that the provider only announces",
        describes(token_endpoint_auth_methods_supported=["client_secret_post"]),
    ),
    ("provider_error", "token is refused", answers(TOKEN, text(b'{"error": "invalid_request"}', code=400))),
    ("failing", "token redirects", answers(TOKEN, away)),
    ("failing", "token fails", answers(TOKEN, status(500))),
    ("incomplete", "no statement", lambda double: double.token.update(id_token=None)),
    ("incomplete", "no access token", lambda double: double.token.update(access_token=None)),
    ("incomplete", "access token is no token", lambda double: double.token.update(access_token="é\n")),
    ("keys_away", "keys are down", answers(KEYS, status(503))),
    ("keys_away", "keys are slow", answers(KEYS, dripping(50, b" ", 0.2))),
    ("unreadable", "keys are no list", answers(KEYS, text(b'{"keys": {}}'))),
    # The statement.
    ("malformed", "no statement but words", lambda double: double.token.update(id_token="hello")),
    ("malformed", "statement is huge", lambda double: double.token.update(id_token="e30.e30." + "a" * 70_000)),
    ("malformed", "statement is binary", lambda double: double.token.update(id_token="é.é.é")),
    ("malformed", "extension that is critical", lambda double: double.header.update(crit=["exp"], exp=1)),
    ("malformed", "no subject", says(sub=None)),
    ("malformed", "empty subject", says(sub="")),
    ("malformed", "endless subject", says(sub="a" * 256)),
    ("malformed", "subject is a number", says(sub=7)),
    ("malformed", "no expiry", says(exp=None)),
    ("malformed", "expiry is a text", says(exp="never")),
    ("malformed", "subject has a control character", says(sub="a\x00b")),
    ("malformed", "expiry is beyond all numbers", says(exp=10**400)),
    ("malformed", "expiry is no number", says(exp=float("nan"))),
    ("malformed", "expiry is endless", says(exp=float("inf"))),
    ("malformed", "bottomless claims", signs(lambda double, header, _: double.signed(header, DEEP[:30_000]))),
    ("unsigned", "unsigned", signs(lambda _, header, claims: unsigned(header, claims))),
    ("unsigned", "unsigned in capitals", signs(lambda _, header, claims: raw(header | {"alg": "NONE"}, b"{}", b""))),
    ("algorithm", "signed with the public key", signs(by_public_key)),
    ("algorithm", "signed with the secret", signs(lambda _, header, claims: by_hmac(b"a secret", header, b"{}"))),
    ("algorithm", "not among the announced", describes(id_token_signing_alg_values_supported=["RS256"])),
    ("unknown_key", "key of another name", lambda double: double.header.update(kid="other")),
    ("unknown_key", "key for encryption", publishes(use="enc")),
    ("unknown_key", "key for another algorithm", publishes(alg="ES384")),
    ("unknown_key", "symmetric key", publishes(kty="oct", k="c2VjcmV0")),
    ("unknown_key", "two keys of one name", lambda double: setattr(double, "keys", [double.key.published()] * 2)),
    ("unreadable", "key is broken", publishes(x="AA")),
    ("weak_key", "key of 1,024 bits", has_key("RS256", 1024)),
    ("signature", "another's signature", lambda double: setattr(double, "keys", [OTHER_KEY.published()])),
    ("issuer", "another issuer's", says(iss="https://evil.example")),
    ("audience", "for another program", says(aud="another")),
    ("audience", "for nobody", says(aud=[])),
    ("authorized_party", "given to another program", says(azp="another")),
    ("authorized_party", "for several, given to nobody", says(aud=[CLIENT, "another"])),
    ("expired", "expired", says(exp=NOW - 61)),
    ("too_early", "of the future", says(iat=NOW + 3600)),
    ("too_early", "not valid yet", says(nbf=NOW + 3600)),
    ("nonce", "another sign-in's", says(nonce="other")),
    ("nonce", "no sign-in's", says(nonce=None)),
    ("at_hash", "of another access token", says(at_hash=at_hash("other", "sha256"))),
    # The person.
    ("unverified", "address is not verified", says(email_verified=False)),
    ("unverified", "address is verified by one", says(email_verified=1)),
    ("unverified", "address is verified elsewhere, not", with_person(sub="person-1", email="a@b.example")),
    ("no_email", "no address", with_person(sub="person-1", email_verified=True)),
    (
        "no_email",
        "no address at all",
        both(says(email=None), describes(userinfo_endpoint=None)),
    ),
    ("no_email", "address with two @", says(email="a@b@c.example")),
    ("no_email", "address with a line", says(email="a@b.example\nc")),
    ("no_email", "address with letters that look alike", says(email="\u212aelvin@example.com")),
    ("other_person", "another person elsewhere", with_person(sub="person-2", email="a@b.example", email_verified=True)),
    (
        "failing",
        "the person is kept back",
        both(with_person(), answers(PERSON, status(403))),
    ),
]
BY_HAND = {"off", "unreachable", "other_browser", "used"}
"""Reasons that other tests here and in `test_sign_in` bring about."""


@pytest.mark.parametrize(("reason", "spoil"), [pytest.param(reason, spoil, id=name) for reason, name, spoil in REFUSED])
async def test_a_bad_provider_signs_nobody_in(
    desk: Desk, double: Double, caplog: pytest.LogCaptureFixture, reason: str, spoil: Spoil
) -> None:
    spoil(double)

    with caplog.at_level(logging.WARNING, "app.openid"), pytest.raises(OpenIdRefused) as refused:
        await desk.sign_in()

    assert refused.value.reason == reason, refused.value.detail
    assert str(refused.value) == SENTENCES[reason]
    (record,) = caplog.records
    assert record.__dict__["reason"] == reason
    assert len(record.__dict__["detail"]) <= 50
    assert not any(word in record.__dict__["detail"] for word in ("@", "person-", "\n"))


def test_every_refusal_is_tested_and_has_its_own_sentence() -> None:
    assert {reason for reason, _, _ in REFUSED} | BY_HAND == SENTENCES.keys()
    assert len(set(SENTENCES.values())) == len(SENTENCES)


async def test_a_code_that_comes_twice_is_refused(desk: Desk) -> None:
    query, cookie = await desk.go()
    await desk.come_back(query, cookie)
    other, other_cookie = await desk.go()

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(other | {"code": query["code"]}, other_cookie)

    assert refused.value.reason == "code_refused"


@pytest.mark.parametrize("cookie", ["", "other", "another"])
async def test_the_state_of_another_browser_is_refused_and_stays_good(desk: Desk, cookie: str) -> None:
    query, own = await desk.go()
    _, others = await desk.go()

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(query, others if cookie == "another" else cookie)

    assert refused.value.reason == "other_browser"
    assert (await desk.come_back(query, own))[0].subject == "person-1"


@pytest.mark.parametrize("state", ["", "é", "\ud800", None])
async def test_a_way_back_without_a_state_is_refused(desk: Desk, state: str | None) -> None:
    query, _ = await desk.go()
    back = {"code": query["code"]} if state is None else query | {"state": state}

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(back, "")

    assert refused.value.reason == "other_browser"


async def test_a_state_that_was_made_up_is_refused(desk: Desk, double: Double) -> None:
    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back({"state": "made-up", "code": "made-up"}, "made-up")

    assert refused.value.reason == "used"
    assert not double.asked


async def test_the_code_of_another_sign_in_is_refused_by_its_verifier(desk: Desk) -> None:
    stolen, _ = await desk.go()
    query, cookie = await desk.go()

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(query | {"code": stolen["code"]}, cookie)

    assert refused.value.reason == "code_refused"


async def test_a_provider_that_is_not_there_is_unreachable(desk: Desk, openid: OpenId) -> None:
    gone = openid.model_copy(update={"issuer": "http://127.0.0.1:1"})

    with pytest.raises(OpenIdRefused) as refused:
        await desk.using(Provider(gone)).go()

    assert refused.value.reason == "unreachable"


async def test_a_new_key_is_fetched_but_not_for_everybody_who_makes_one_up(
    desk: Desk, double: Double, clock: Clock
) -> None:
    await desk.sign_in()
    double.key = make_key(kid="second")
    assert (await desk.sign_in())[0].subject == "person-1"
    assert double.asked[KEYS] == 2

    double.header["kid"] = "made-up"
    for _ in range(5):
        with pytest.raises(OpenIdRefused):
            await desk.sign_in()
    assert double.asked[KEYS] == 2

    clock.now += 60
    with pytest.raises(OpenIdRefused) as refused:
        await desk.sign_in()
    assert refused.value.reason == "unknown_key"
    assert double.asked[KEYS] == 3


async def test_keys_that_are_kept_do_while_their_address_is_down(desk: Desk, double: Double) -> None:
    await desk.sign_in()
    double.instead[KEYS] = status(503)

    assert (await desk.sign_in())[0].subject == "person-1"
