"""Whom a host's backend vouches for, and what it cannot make us believe."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.sites.config import Identity
from app.widget.errors import WidgetRefused
from app.widget.identity import read_identity

SECRET = "0123456789abcdef0123456789abcdef"
OTHER = "another secret, as long as the first"
TOMORROW = int(time.time()) + 24 * 3600
"""Tokens are made when tests are collected, long before some of them run."""
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def claims(**more: Any) -> dict[str, Any]:
    return {"sub": "42", "exp": TOMORROW} | more


def signed_with_the_public_key(public: str) -> str:
    """What PyJWT will not make: a token whose HMAC key is the text of a public key."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, claims())]
    text = b".".join(parts)
    signature = base64.urlsafe_b64encode(hmac.new(public.encode(), text, hashlib.sha256).digest()).rstrip(b"=")
    return (text + b"." + signature).decode()


@pytest.mark.parametrize(
    ("identity", "token"),
    [
        pytest.param({"secret": SECRET}, jwt.encode(claims(name="Kim"), SECRET, "HS256"), id="secret"),
        pytest.param({"public_key": pem(RSA)}, jwt.encode(claims(name="Kim"), RSA, "RS256"), id="RSA"),
        pytest.param({"public_key": pem(EC)}, jwt.encode(claims(name="Kim"), EC, "ES256"), id="EC"),
        pytest.param({"public_key": pem(ED)}, jwt.encode(claims(name="Kim"), ED, "EdDSA"), id="Ed25519"),
        pytest.param(
            {"secret": SECRET, "issuer": "shop", "audience": "parley"},
            jwt.encode(claims(name="Kim", iss="shop", aud="parley"), SECRET, "HS256"),
            id="issuer and audience",
        ),
    ],
)
def test_whom_the_hosts_key_names_is_that_visitor(identity: dict[str, str], token: str) -> None:
    vouched = read_identity(Identity.model_validate(identity), token)

    assert (vouched.identifier, vouched.name) == ("host:42", "Kim")


@pytest.mark.parametrize(
    ("identity", "token", "reason"),
    [
        pytest.param({}, jwt.encode(claims(), SECRET), "no key that verifies", id="no key"),
        pytest.param({"secret": SECRET}, jwt.encode(claims(), OTHER), "cannot be trusted", id="wrong secret"),
        pytest.param({"secret": SECRET}, jwt.encode(claims(), "", "none"), "cannot be trusted", id="unsigned"),
        pytest.param({"secret": SECRET}, jwt.encode(claims(), RSA, "RS256"), "cannot be trusted", id="other algorithm"),
        pytest.param({"secret": SECRET}, jwt.encode(claims(exp=1), SECRET), "out of date", id="expired"),
        pytest.param({"secret": SECRET}, jwt.encode({"sub": "42"}, SECRET), "cannot be trusted", id="for ever"),
        pytest.param({"secret": SECRET}, jwt.encode({"exp": TOMORROW}, SECRET), "cannot be trusted", id="nobody"),
        pytest.param({"secret": SECRET}, jwt.encode(claims(sub="x" * 151), SECRET), "at most 150", id="endless sub"),
        pytest.param({"secret": SECRET}, jwt.encode(claims(sub=""), SECRET), "at most 150", id="empty sub"),
        pytest.param(
            {"secret": SECRET, "audience": "parley"}, jwt.encode(claims(aud="x"), SECRET), "cannot be trusted", id="aud"
        ),
        pytest.param(
            {"secret": SECRET, "audience": "parley"}, jwt.encode(claims(), SECRET), "cannot be trusted", id="no aud"
        ),
        pytest.param(
            {"secret": SECRET, "issuer": "shop"}, jwt.encode(claims(iss="x"), SECRET), "cannot be trusted", id="iss"
        ),
        pytest.param({"secret": SECRET}, "not.a.token", "cannot be trusted", id="no token"),
    ],
)
def test_what_the_hosts_key_did_not_sign_is_refused(identity: dict[str, str], token: str, reason: str) -> None:
    with pytest.raises(WidgetRefused) as refused:
        read_identity(Identity.model_validate(identity), token)

    assert (refused.value.status, refused.value.code) == (401, "identity_refused")
    assert reason in refused.value.message


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    with pytest.raises(WidgetRefused):
        read_identity(Identity(public_key=pem(RSA)), signed_with_the_public_key(pem(RSA)))


@pytest.mark.parametrize("sub", ["a\0b", "a\nb", "a\u202eb"])
def test_an_id_that_cannot_be_written_down_is_refused(sub: str) -> None:
    with pytest.raises(WidgetRefused) as refused:
        read_identity(Identity.model_validate({"secret": SECRET}), jwt.encode(claims(sub=sub), SECRET))

    assert "printable" in refused.value.message


def test_a_name_is_shown_in_one_line() -> None:
    token = jwt.encode(claims(name=" Ada\0\nLovelace "), SECRET)

    assert read_identity(Identity.model_validate({"secret": SECRET}), token).name == "Ada Lovelace"
