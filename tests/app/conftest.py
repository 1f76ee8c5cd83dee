"""A turn's services on the real database, with scripted models and one document."""

import sys
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.sites import ensure_site
from app.db.users import ensure_guest
from app.turn_request import TurnRequest
from app.wiring import Services
from tests.app.shop import shop_services
from tests.app.shop_system import System, shop_system, tools_of
from tests.app.tooled import with_tools
from tests.app.turning import QUESTION
from tests.doubles.obeying import obeying
from tests.doubles.openai_server import Server, serve


@pytest.fixture(autouse=True, scope="module")
def _chainlit_can_be_mounted_again() -> None:
    """Chainlit's own application is one for the process, and once it has answered, mounting it is refused."""
    if server := sys.modules.get("chainlit.server"):
        server.app.middleware_stack = None


@pytest.fixture
async def services(engine: AsyncEngine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    async with shop_services(engine, tmp_path_factory.mktemp("shop")) as services:
        yield services


@pytest.fixture
async def request_(services: Services) -> TurnRequest:
    async with services.sessions.begin() as session:
        site = await ensure_site(session, "shop")
        user = await ensure_guest(session, site.id, uuid4())
    return TurnRequest(site.id, user.id, uuid4(), uuid4(), QUESTION)


@pytest.fixture
def system() -> Iterator[System]:
    with shop_system() as system:
        yield system


@pytest.fixture
async def model() -> AsyncIterator[Server]:
    async with serve([obeying()]) as server:
        yield server


@pytest.fixture
async def shop(services: Services, system: System, model: Server) -> AsyncIterator[Services]:
    """The shop with tools, whose model obeys every injection."""
    async with with_tools(services, tools_of(system.url), model) as shop:
        yield shop
