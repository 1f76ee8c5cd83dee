import pytest

from app.openid.discovery import is_safe, read_metadata, well_known
from app.openid.refused import OpenIdRefused

ISSUER = "https://id.example.com/realms/main"


@pytest.mark.parametrize("issuer", [ISSUER, ISSUER + "/"])
def test_the_description_is_below_the_issuer(issuer: str) -> None:
    assert well_known(issuer) == "https://id.example.com/realms/main/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("url", "anywhere", "here"),
    [
        ("https://id.example.com/keys", True, True),
        ("http://id.example.com/keys", False, False),
        ("http://127.0.0.1:9400/keys", False, True),
        ("http://[::1]:9400/keys", False, True),
        ("http://localhost:9400/keys", False, True),
        ("http://localhost.example.com/keys", False, False),
        ("http://127.0.0.1.example.com/keys", False, False),
        ("http://127.0.0.1@example.com/keys", False, False),
        ("https://me:pass@id.example.com/keys", False, False),
        ("https://id.example.com/keys#first", False, False),
        ("file:///etc/passwd", False, False),
        ("//id.example.com/keys", False, False),
        ("", False, False),
    ],
)
def test_only_encrypted_addresses_are_asked_or_those_of_this_machine(url: str, anywhere: bool, here: bool) -> None:
    assert (is_safe(url, loopback=False), is_safe(url, loopback=True)) == (anywhere, here)


@pytest.mark.parametrize("field", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_a_provider_elsewhere_cannot_send_us_to_services_of_this_machine(field: str) -> None:
    fields = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    description = {"issuer": ISSUER, **{name: f"https://id.example.com/{name}" for name in fields}}
    assert read_metadata(description, issuer=ISSUER, has_secret=True).jwks_uri == "https://id.example.com/jwks_uri"

    with pytest.raises(OpenIdRefused) as refused:
        read_metadata(description | {field: "http://127.0.0.1:8080/admin"}, issuer=ISSUER, has_secret=True)

    assert (refused.value.reason, refused.value.detail) == ("insecure", field)
