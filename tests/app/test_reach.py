"""Which addresses may be reached, however they are written."""

from ipaddress import ip_address

import httpx
import pytest

from app.reach import MayNotReach, NoAddress, dialled, is_here, judged, reachable

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    ("address", "private", "public"),
    [
        (PUBLIC, True, True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True, True),
        ("10.0.0.7", True, False),
        ("172.16.0.1", True, False),
        ("192.168.1.1", True, False),
        ("100.64.0.1", True, False),
        ("fd12:3456::1", True, False),
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("::ffff:10.0.0.7", True, False),
        ("2002:a00:7::", True, False),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("fd00:ec2::254", False, False),
        ("100.100.100.200", False, False),
        ("168.63.129.16", False, False),
        ("0.0.0.0", False, False),  # noqa: S104 - judged only
        ("224.0.0.1", False, False),
        ("240.0.0.1", False, False),
        ("255.255.255.255", False, False),
        ("::", False, False),
        ("ff02::1", False, False),
        ("64:ff9b::a00:7", False, False),
    ],
)
def test_which_addresses_may_be_reached(address: str, private: bool, public: bool) -> None:
    assert reachable(ip_address(address), private=True, loopback=False) is private
    assert reachable(ip_address(address), private=False, loopback=False) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://017700000001/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:a9fe:a9fe]/",
    ],
)
async def test_this_machine_is_not_reached_however_its_address_is_written(url: str) -> None:
    with pytest.raises((MayNotReach, NoAddress)):
        await judged(httpx.URL(url), private=False)


@pytest.mark.parametrize(
    ("url", "here"),
    [("http://localhost:80/", True), ("http://[::1]/", True), ("http://127.8.0.1/", True), ("http://a.test/", False)],
)
def test_this_machine_is_known_by_its_name(url: str, here: bool) -> None:
    assert is_here(httpx.URL(url)) is here


@pytest.mark.parametrize(
    ("url", "address", "there", "host"),
    [
        ("https://a.test/b?c=d#e", PUBLIC, f"https://{PUBLIC}/b?c=d", "a.test"),
        ("http://a.test:8080/", "2606:2800::1", "http://[2606:2800::1]:8080/", "a.test:8080"),
        ("https://u:p@a.test/", PUBLIC, f"https://{PUBLIC}/", "a.test"),
        ("https://bücher.test/", PUBLIC, f"https://{PUBLIC}/", "xn--bcher-kva.test"),
    ],
)
def test_a_request_goes_to_the_judged_address_under_its_name(url: str, address: str, there: str, host: str) -> None:
    found = dialled(httpx.URL(url), ip_address(address))

    assert str(found.url) == there
    assert found.headers == {"Host": host}
    assert found.extensions == {"sni_hostname": host.partition(":")[0]}
