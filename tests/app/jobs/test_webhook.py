"""A webhook reaches what its operator means, and nothing else."""

import ssl
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.jobs.webhook import Webhook, WebhookFailed
from app.reach import IpAddress
from tests.app.certificates import write_certificate, write_key
from tests.app.jobs.receiver import receiving

PUBLIC = "93.184.215.14"


def answers(*turns: list[str]) -> Callable[[str, int], Awaitable[list[IpAddress]]]:
    """A name server that answers with one list after the other, and then not at all."""
    left = list(turns)

    async def resolve(name: str, port: int) -> list[IpAddress]:
        return [ip_address(address) for address in left.pop(0)]

    return resolve


async def test_the_body_and_headers_arrive_at_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # would lead past the judged address
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with receiving() as receiver:
        await Webhook(receiver.address("localhost")).post(b'{"a": 1}', {"Parley-Id": "1"})

    ((first, headers, body),) = receiver.got
    assert (first, body) == ("POST /hooks/parley?team=1 HTTP/1.1", b'{"a": 1}')
    assert (headers["host"], headers["parley-id"]) == (f"localhost:{receiver.port}", "1")


@pytest.mark.parametrize(
    ("url", "resolved", "says"),
    [
        pytest.param("http://hooks.test/", [PUBLIC], "must be https", id="plain http"),
        pytest.param("http://10.0.0.7/", [], "must be https", id="plain http within"),
        pytest.param("https://10.0.0.7/", [], "may not", id="private address"),
        pytest.param("https://[fe80::1]/", [], "may not", id="link-local address"),
        pytest.param("https://169.254.169.254/latest", [], "may not", id="metadata"),
        pytest.param("https://hooks.test/", ["192.168.0.9"], "may not", id="name of a private address"),
        pytest.param("https://hooks.test/", ["127.0.0.1"], "may not", id="name of this machine"),
        pytest.param("https://hooks.test/", [PUBLIC, "10.0.0.7"], "may not", id="one good address, one bad"),
        pytest.param("https://hooks.test/", [], "has no address", id="unknown name"),
    ],
)
async def test_where_nothing_is_sent(url: str, resolved: list[str], says: str) -> None:
    with pytest.raises(WebhookFailed, match=says):
        await Webhook(url, resolve=answers(resolved)).post(b"{}", {})


async def test_a_name_that_does_not_exist_is_said() -> None:
    with pytest.raises(WebhookFailed, match="has no address"):
        await Webhook("https://nothing.invalid/").post(b"{}", {})


async def test_a_name_is_looked_up_once_and_the_certificate_must_be_the_names(tmp_path: Path) -> None:
    """A second look-up would find nothing: neither here nor, by the system, anywhere."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = write_certificate(tmp_path / "cert.pem", key, host="hooks.test")
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    here.load_cert_chain(certificate, write_key(tmp_path / "key.pem", key))
    believed = ssl.create_default_context(cafile=str(certificate))
    async with receiving(tls=here) as receiver:

        def hook(name: str) -> Webhook:
            url = receiver.address(name, "https")
            return Webhook(url, private=True, tls=believed, resolve=answers(["127.0.0.1"]))

        await hook("hooks.test").post(b"{}", {})
        with pytest.raises(WebhookFailed, match="cannot be reached"):
            await hook("other.test").post(b"{}", {})

    ((_, headers, _),) = receiver.got
    assert headers["host"] == f"hooks.test:{receiver.port}"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 410, 500, 503])
async def test_any_other_status_is_a_failure_and_no_redirect_is_followed(status: int) -> None:
    async with receiving() as other, receiving(status, location=other.address()) as receiver:
        with pytest.raises(WebhookFailed, match=f"status {status}"):
            await Webhook(receiver.address()).post(b"{}", {})

    assert (len(receiver.got), other.got) == (1, [])


async def test_silence_ends_in_time() -> None:
    async with receiving(0) as receiver:
        with pytest.raises(WebhookFailed, match="in time"):
            await Webhook(receiver.address(), within_s=0.3).post(b"{}", {})


async def test_a_failure_does_not_repeat_the_address() -> None:
    async with receiving(500) as receiver:
        with pytest.raises(WebhookFailed) as failed:
            await Webhook(receiver.address()).post(b"{}", {})

    assert "team" not in str(failed.value)
    assert "127.0.0.1" not in str(failed.value)
