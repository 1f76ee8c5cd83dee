"""From where doors may be used, by which name, and how much fits through."""

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.access.credentials import Credentials
from app.access.gate import Gate
from app.wiring import Services


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    response = PlainTextResponse(str(len(body)))
    response.set_cookie("access_token", "x")
    await response(scope, receive, send)


def client(services: Services, scheme: str = "http", hosts: tuple[str, ...] = ()) -> httpx.AsyncClient:
    gate = Gate(
        echo,
        services=services,
        credentials=Credentials(services, "a secret of the tests, long enough"),
        origins=["https://shop.example"],
        hosts=hosts,
        body_bytes=100,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url=f"{scheme}://chat.example")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://chat.example", 200),
        ("https://shop.example", 200),
        ("https://evil.example", 403),
        ("null", 403),
    ],
)
async def test_only_own_and_named_origins_may_change_anything(
    services: Services, origin: str | None, status: int
) -> None:
    async with client(services) as http:
        answer = await http.post("/logout", headers={"Origin": origin} if origin else {})
    assert answer.status_code == status


async def test_a_body_that_is_too_large_is_refused_announced_or_not(services: Services) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 50

    async with client(services) as http:
        assert (await http.post("/login", content=b"x" * 100)).text == "100"
        assert (await http.post("/login", content=b"x" * 101)).status_code == 413
        assert (await http.post("/login", content=chunks())).status_code == 413


async def test_cookies_are_secure_where_the_page_is(services: Services) -> None:
    async with client(services, "https") as http:
        answer = await http.get("/")
        assert "Secure" in answer.headers["set-cookie"]
        assert "strict-transport-security" in answer.headers
    async with client(services) as http:
        answer = await http.get("/")
        assert "Secure" not in answer.headers["set-cookie"]
        assert "strict-transport-security" not in answer.headers


async def test_a_server_answers_to_its_own_names_only(services: Services) -> None:
    async with client(services, hosts=("localhost", "chat.example")) as http:
        assert (await http.get("/")).status_code == 200
        assert (await http.get("/", headers={"Host": "chat.example:8000"})).status_code == 200
        assert (await http.get("/", headers={"Host": "evil.example"})).status_code == 421


@pytest.mark.parametrize(
    ("path", "key"), [("/widget/nothing", "error"), ("/v1/nothing", "error"), ("/nothing", "detail")]
)
async def test_each_door_says_no_in_its_own_shape(services: Services, path: str, key: str) -> None:
    async with client(services) as http:
        answer = await http.get(path)
        page = await http.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == page.status_code == 404
    assert key in answer.json()


async def test_without_a_database_nobody_gets_in_and_is_told_to_come_back(services: Services) -> None:
    async with services.sessions.begin() as session:
        await session.execute(text("ALTER TABLE service_tokens RENAME TO gone"))
    async with client(services) as http:
        answer = await http.get("/v1/models", headers={"Authorization": "Bearer pk-parley-x"})

    assert answer.status_code == 503
    assert "try again" in answer.json()["error"]["message"]


@pytest.mark.parametrize("origin", ["http://[", "http://chat.example.evil", "http://x@chat.example", "chat.example"])
async def test_an_origin_is_ours_as_a_whole_or_not_at_all(services: Services, origin: str) -> None:
    async with client(services) as http:
        assert (await http.post("/logout", headers={"Origin": origin})).status_code == 403


@pytest.mark.parametrize("host", ["[", "chat example", "x@chat.example"])
async def test_a_host_that_is_no_name_is_refused(services: Services, host: str) -> None:
    async with client(services) as http:
        answer = await http.get("/", headers={"Host": host})
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")


@pytest.mark.parametrize("path", ["/public/%00", "/assets/a%0Ab", "/staff/sites/%7F"])
async def test_no_address_holds_control_characters(services: Services, path: str) -> None:
    async with client(services) as http:
        assert (await http.get(path)).status_code == 404


async def test_staff_are_refused_by_a_page(services: Services) -> None:
    async with client(services) as http:
        page = await http.get("/staff/nothing", headers={"Accept": "text/html"})
        told = await http.get("/staff/nothing")
    assert page.status_code == told.status_code == 404
    assert "<h1>Not found</h1>" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert told.json() == {"detail": "There is nothing here."}


async def test_only_what_is_for_everybody_may_be_kept_by_caches(services: Services) -> None:
    async with client(services) as http:
        assert (await http.get("/user")).headers["cache-control"] == "no-store"
        assert "cache-control" not in (await http.get("/assets/x.js")).headers
