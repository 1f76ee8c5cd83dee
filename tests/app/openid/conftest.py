"""A provider on a real server, and services that sign in there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from app.openid.fetch import Fetcher
from app.openid.identity import Identity
from app.openid.provider import Provider
from app.openid.sign_in import CALLBACK, begin, finish
from app.settings import OpenId
from app.wiring import Services
from tests.app.openid.double import CLIENT, SECRET, Double
from tests.serving import serving

ORIGIN = "https://help.example.com"


@dataclass(slots=True)
class Clock:
    """Moves only when it is told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Desk:
    """Services, and a person with a browser in front of them."""

    services: Services

    def using(self, provider: Provider) -> "Desk":
        """The same with another provider."""
        return Desk(replace(self.services, openid=provider))

    async def go(self, next_path: str = "/staff") -> tuple[dict[str, str], str]:
        """Go to the provider; return the parameters of the way back, and the cookie."""
        url, cookie = await begin(self.services, next_path, origin=ORIGIN)
        async with httpx.AsyncClient() as browser:
            answer = await browser.get(url)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == ORIGIN + CALLBACK
        return dict(parse_qsl(back.query)), cookie

    async def come_back(self, query: dict[str, str], cookie: str) -> tuple[Identity, str]:
        """Come back from the provider."""
        return await finish(self.services, query, cookie, origin=ORIGIN)

    async def sign_in(self, next_path: str = "/staff") -> tuple[Identity, str]:
        """Go there and come back."""
        return await self.come_back(*await self.go(next_path))


@asynccontextmanager
async def provided() -> AsyncIterator[Double]:
    """Serve a new provider."""
    doubles: list[Double] = []

    def made(url: str) -> object:
        doubles.append(Double(url))
        return doubles[0].app()

    async with serving(made):
        yield doubles[0]


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    async with provided() as double:
        yield double


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def openid(double: Double) -> OpenId:
    return OpenId.model_validate({"issuer": double.issuer, "client_id": CLIENT, "client_secret": SECRET})


@pytest.fixture
def desk(services: Services, openid: OpenId, clock: Clock) -> Desk:
    return Desk(services).using(Provider(openid, fetcher=Fetcher(within_s=2), clock=clock))
