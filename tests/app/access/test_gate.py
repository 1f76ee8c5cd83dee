"""Which doors exist, from where they may be used, and how much fits through."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.chat.gate import Gate, is_open


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    response = PlainTextResponse(str(len(body)))
    response.set_cookie("access_token", "x")
    await response(scope, receive, send)


def client(scheme: str = "http") -> httpx.AsyncClient:
    gate = Gate(echo, origins=["https://shop.example"], body_bytes=100)
    return httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url=f"{scheme}://chat.example")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/copilot/index.js"),
        ("PUT", "/project/thread/share"),
        ("GET", "/project/share/6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ("POST", "/mcp"),
        ("POST", "/auth/jwt"),
        ("POST", "/auth/header"),
        ("GET", "/auth/oauth/google"),
        ("PUT", "/project/element"),
        ("GET", "/project/file/1"),
        ("DELETE", "/login"),
        ("GET", "/anything"),
    ],
)
async def test_a_door_that_is_not_used_does_not_exist(method: str, path: str) -> None:
    assert not is_open(method, path)
    async with client() as http:
        assert (await http.request(method, path)).status_code == 404


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
async def test_only_own_and_named_origins_may_change_anything(origin: str | None, status: int) -> None:
    async with client() as http:
        answer = await http.post("/logout", headers={"Origin": origin} if origin else {})
    assert answer.status_code == status


async def test_a_body_that_is_too_large_is_refused_announced_or_not() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 50

    async with client() as http:
        assert (await http.post("/project/file", content=b"x" * 100)).text == "100"
        assert (await http.post("/project/file", content=b"x" * 101)).status_code == 413
        assert (await http.post("/project/file", content=chunks())).status_code == 413


async def test_cookies_are_secure_where_the_page_is() -> None:
    async with client("https") as http:
        assert "Secure" in (await http.get("/user")).headers["set-cookie"]
    async with client() as http:
        assert "Secure" not in (await http.get("/user")).headers["set-cookie"]
