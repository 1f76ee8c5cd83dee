"""A turn's services on the real database, with scripted models and one document."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.sites import ensure_site
from app.db.users import ensure_guest
from app.ingest import ingest
from app.settings import load_settings
from app.turns import TurnRequest
from app.wiring import Parts, Services, services_on
from tests.app.turning import GOOD, QUESTION, REFUNDS, Addresses, Sessions
from tests.graph.scripted import FixedInjection, FixedIntent, WordEncoder, route


@pytest.fixture
async def services(
    engine: AsyncEngine, sessions: Sessions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    settings = load_settings({"PARLEY_CHAT__SUBJECT": "the shop", "PARLEY_TURN__MESSAGE_CHARS": "500"})
    folder = tmp_path_factory.mktemp("shop")
    (folder / "refunds.md").write_text(REFUNDS, encoding="utf-8")
    encoder = WordEncoder()
    await ingest(sessions, encoder, settings.knowledge, site="shop", paths=[folder])
    parts = Parts(
        encoder=encoder,
        injection=FixedInjection(),
        personal_data=Addresses(),
        intents=FixedIntent(),
        models=(route(GOOD),),
    )
    async with services_on(engine, settings, parts, secret=b"a secret of the tests, long enough") as services:
        yield services


@pytest.fixture
async def request_(services: Services) -> TurnRequest:
    async with services.sessions.begin() as session:
        site = await ensure_site(session, "shop")
        user = await ensure_guest(session, site.id, uuid4())
    return TurnRequest(site.id, user.id, uuid4(), uuid4(), QUESTION)
