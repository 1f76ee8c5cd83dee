"""A served API and a token for it."""

from collections.abc import AsyncIterator

import pytest

from app.wiring import Services
from tests.app.api.serving import make_token, served


@pytest.fixture
async def url(services: Services) -> AsyncIterator[str]:
    """Address of the API."""
    async with served(services) as url:
        yield url


@pytest.fixture
async def token(services: Services) -> str:
    """A token of the site `shop`, good for all."""
    return (await make_token(services))[0]
