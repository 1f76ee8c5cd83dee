"""Where tools may send to, and how much of an answer is taken."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from app.reach import IpAddress
from app.settings_outgoing import Tools
from app.tool_use.http import MOST_BYTES, HttpSender
from graph.errors import ToolFailed
from tests.app.shop_system import System, shop_system


@pytest.fixture
def system() -> Iterator[System]:
    with shop_system() as system:
        yield system


async def get(sender: HttpSender, address: str) -> str:
    reply = await sender("GET", address, query={"q": "a b&c"}, body=None, headers={})
    return reply.text


async def test_a_request_goes_out_and_its_answer_comes_back(system: System) -> None:
    sender = HttpSender(Tools(private=True))

    reply = await sender("POST", f"{system.url}/x?v=1", query={"q": "a b&c"}, body={"n": "ü"}, headers={"X-Own": "1"})

    (path, body, headers) = system.called[0]
    assert (path, body, headers["X-Own"]) == ("POST /x?v=1&q=a+b%26c", {"n": "ü"}, "1")
    assert (reply.status, reply.media_type, reply.text) == (200, "application/json", '{"result": "accepted"}')


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "https://localhost:{port}/", "https://[::1]:{port}/"],
)
async def test_this_machine_is_not_reached_unless_the_operator_allows_it(system: System, address: str) -> None:
    with pytest.raises(ToolFailed):
        await get(HttpSender(Tools()), address.format(port=system.url.rpartition(":")[2]))

    assert system.called == []


@pytest.mark.parametrize("found", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "fd00::1", "::ffff:10.0.0.1"])
async def test_a_name_that_leads_inside_is_not_followed(found: str) -> None:
    async def resolve(name: str, port: int) -> list[IpAddress]:
        return [ip_address("93.184.216.34"), ip_address(found)]

    with pytest.raises(ToolFailed, match="network that it may not"):
        await get(HttpSender(Tools(), resolve=resolve), "https://shop.test/")


async def test_where_credentials_of_clouds_lie_is_never_reached() -> None:
    with pytest.raises(ToolFailed, match="network that it may not"):
        await get(HttpSender(Tools(private=True)), "http://169.254.169.254/latest")


async def test_a_redirect_is_not_followed(system: System) -> None:
    system.status = 302

    reply = await HttpSender(Tools(private=True))("GET", system.url, query={}, body=None, headers={})

    assert reply.status == 302
    assert len(system.called) == 1


async def test_an_endless_answer_is_not_taken(system: System) -> None:
    system.order = {"text": "x" * (MOST_BYTES + 1)}

    with pytest.raises(ToolFailed, match="more than"):
        await get(HttpSender(Tools(private=True)), system.url)


async def test_who_does_not_answer_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ToolFailed, match="in time"):
        await get(HttpSender(Tools(private=True, timeout_s=0.3)), f"http://127.0.0.1:{silent.getsockname()[1]}/")


async def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    with pytest.raises(ToolFailed, match="cannot be reached"):
        await get(HttpSender(Tools(private=True)), f"http://127.0.0.1:{port}/")
