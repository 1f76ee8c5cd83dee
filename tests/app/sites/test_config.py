"""What a site's owner may set, and what they are told when it cannot be used."""

import tomllib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.sites.config import HIDDEN, SiteConfig, SiteRefused, read_config

SECRET = "0123456789abcdef0123456789abcdef"


def pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def test_nothing_set_is_a_site() -> None:
    assert read_config({}) == SiteConfig()
    assert SiteConfig().stored() == {}
    assert SiteConfig().as_toml() == ""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://www.Example.com/", "https://www.example.com"),
        ("http://localhost:5173", "http://localhost:5173"),
        (" https://a.example ", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80/", "http://a.example"),
        ("https://a.example:80", "https://a.example:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_kept_as_browsers_name_it(given: str, kept: str) -> None:
    assert read_config({"origins": [given]}).origins == (kept,)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"nothing": 1}, "The key nothing is unknown; see docs/sites.md for all of them."),
        ({"look": {"colour": "red"}}, "The key look.colour is unknown"),
        ({"origins": ["www.example.com"]}, "origins.0 cannot be used: an origin is written as https://www.example.com"),
        ({"origins": ["https://example.com/shop"]}, "without a path"),
        ({"origins": ["javascript:alert(1)"]}, "origins.0 cannot be used"),
        ({"origins": ["https://me@example.com"]}, "without a path"),
        ({"origins": ["https://example.com#shop"]}, "without a path"),
        ({"origins": ["https://:443"]}, "without a path"),
        ({"origins": ["https://[::1"]}, "origins.0 cannot be used"),
        ({"origins": ["https://büro.example"]}, "https://xn--…"),
        ({"origins": ["*"]}, "origins.0 cannot be used"),
        ({"origins": "https://example.com"}, "origins cannot be used"),
        ({"look": {"accent": "red"}}, "look.accent cannot be used"),
        ({"look": {"starters": ["?"] * 7}}, "look.starters cannot be used"),
        ({"look": {"position": "top"}}, "look.position cannot be used"),
        (
            {"sources": [{"address": "www.example.com"}]},
            "sources.0.address cannot be used: write an address that",
        ),
        ({"sources": [{"address": "https://a.example", "every": "1m"}]}, "at least 10 minutes"),
        ({"sources": [{"address": "https://a.example", "every": "daily"}]}, 'write how often as "30m", "24h" or "7d"'),
        ({"sources": [{"address": "https://a.example", "audience": ["a b"]}]}, "'a b' is no label"),
        ({"sources": [{"address": "https://a.example"}] * 2}, "sources cannot be used: name each address once."),
        ({"language": "English"}, "language cannot be used"),
        ({"hours": {"timezone": "Mars"}}, "hours.timezone cannot be used: write a time zone such as Europe/Berlin."),
        ({"hours": {"monday": "9-17"}}, 'hours.monday cannot be used: write opening hours as "09:00-17:00"'),
        ({"hours": {"monday": "17:00-09:00"}}, "hours.monday cannot be used"),
        (
            {"identity": {"secret": "short"}},
            "identity.secret cannot be used: write a secret of at least 32 characters.",
        ),
        ({"identity": {"public_key": pem(rsa.generate_private_key(65537, 1024))}}, "RSA of 2048 bits or more"),  # noqa: S505 - that is the point
        ({"identity": {"public_key": pem(ec.generate_private_key(ec.SECP256K1()))}}, "P-256, P-384, P-521 or Ed25519"),
        ({"identity": {"public_key": pem(ed448.Ed448PrivateKey.generate())}}, "P-256, P-384, P-521 or Ed25519"),
        ({"identity": {"public_key": "x"}}, "identity cannot be used: the public key is not in PEM form."),
        ({"identity": {"secret": SECRET, "public_key": "x"}}, "give either a secret or a public key"),
        ({"intents": []}, "The key intents is unknown"),
        (
            {"personal_data": {"credit_card": "keep"}},
            "personal_data cannot be used: there is no kind of personal data credit_card; there are address, card, ",
        ),
        ({"personal_data": {"card": "hide"}}, "personal_data.card cannot be used: input should be 'replace', 'keep'"),
        ({"personal_data": ["card"]}, "personal_data cannot be used"),
        ({"knowledge": {"min_similarity": 2}}, "knowledge.min_similarity cannot be used"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_sentence(content: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SiteRefused) as refused:
        read_config(content)

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")
    assert not str(refused.value).endswith("..")


def test_a_configuration_survives_the_database_and_its_secret_is_not_shown() -> None:
    content = {
        "origins": ["https://a.example"],
        "look": {"name": "Ada", "starters": ["How long?"]},
        "personal_data": {"card": "refuse", "person": "keep"},
        "identity": {"secret": SECRET, "audience": "parley"},
        "hours": {"timezone": "Europe/Berlin", "monday": "09:00-17:00"},
    }
    config = read_config(content)

    assert read_config(config.stored()) == config
    shown = tomllib.loads(config.as_toml())
    assert shown.pop("identity") == {"secret": HIDDEN, "audience": "parley"}
    assert shown == {name: value for name, value in content.items() if name != "identity"}
    assert SECRET not in config.as_toml()


@pytest.mark.parametrize(
    ("identity", "algorithm"),
    [
        ({"secret": SECRET}, "HS256"),
        ({"public_key": pem(rsa.generate_private_key(65537, 2048))}, "RS256"),
        ({"public_key": pem(ec.generate_private_key(ec.SECP256R1()))}, "ES256"),
        ({"public_key": pem(ec.generate_private_key(ec.SECP521R1()))}, "ES512"),
        ({"public_key": pem(ed25519.Ed25519PrivateKey.generate())}, "EdDSA"),
    ],
    ids=["secret", "RSA", "P-256", "P-521", "Ed25519"],
)
def test_a_key_verifies_only_the_signatures_that_it_was_made_for(identity: dict[str, str], algorithm: str) -> None:
    algorithms = read_config({"identity": identity}).identity.algorithms

    assert algorithm in algorithms
    assert all(each[:2] == algorithm[:2] or (each[:2], algorithm[:2]) == ("PS", "RS") for each in algorithms)


def test_an_origin_that_is_named_twice_is_kept_once() -> None:
    twice = read_config({"origins": ["https://a.example", "https://b.example", "https://A.example/"]})

    assert twice.origins == ("https://a.example", "https://b.example")
