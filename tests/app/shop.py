"""The services of a shop: the real database and turn, scripted models and one document."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.ingest import ingest
from app.settings import load_settings
from app.wiring import Parts, Services, services_on
from tests.app.chainlit_home import HOME
from tests.app.turning import GOOD, REFUNDS, Addresses
from tests.graph.scripted import FixedInjection, FixedIntent, WordEncoder, near, route


@asynccontextmanager
async def shop_services(engine: AsyncEngine, folder: Path) -> AsyncIterator[Services]:
    """Open them on a migrated database; the document is written to `folder`."""
    settings = load_settings(
        {
            "PARLEY_HOME": str(HOME),
            "PARLEY_CHAT__SITE": "shop",
            "PARLEY_CHAT__SUBJECT": "the shop",
            "PARLEY_TURN__MESSAGE_CHARS": "500",
        }
    )
    (folder / "refunds.md").write_text(REFUNDS, encoding="utf-8")
    encoder = WordEncoder()
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    await ingest(sessions, encoder, settings.knowledge, site="shop", paths=[folder])
    parts = Parts(
        encoder=encoder,
        injection=FixedInjection(),
        personal_data=Addresses(),
        intents=FixedIntent(),
        models=(route(GOOD),),
    )
    async with services_on(engine, settings, parts, secret=b"a secret of the tests, long enough") as services:
        yield replace(services, same=near)
