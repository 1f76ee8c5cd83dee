"""What the tests of intents share: a file of them, and a site that uses what it says."""

from pathlib import Path

import tomli_w
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.sites import site_by_name
from app.db.tables import Site
from app.sites.intents import NewVersion, train_site
from graph.context import Encoder
from tests.graph.scripted import WordEncoder

INTENTS = [
    {"name": "question", "route": "answer", "examples": ["how long do refunds take", "where is my parcel"]},
    {"name": "praise", "route": "reply", "reply": "Thank you!", "examples": ["lovely shop", "you are great"]},
]

Sessions = async_sessionmaker[AsyncSession]


async def site_named(sessions: Sessions, name: str = "shop") -> Site:
    """The site as it is stored now."""
    async with sessions() as session:
        site = await site_by_name(session, name)
    assert site is not None
    return site


async def use(
    sessions: Sessions,
    folder: Path,
    intents: list[dict[str, object]] | None = None,
    *,
    encoder: Encoder | None = None,
    anyway: bool = False,
    gate: dict[str, object] | None = None,
) -> NewVersion:
    """Write intents to a file, train the site `shop` with them, and use them."""
    file = folder / "intents.toml"
    tables = {"intent": intents or INTENTS} | ({"out_of_scope": gate} if gate else {})
    file.write_text(tomli_w.dumps(tables), encoding="utf-8")
    return await train_site(sessions, await site_named(sessions), encoder or WordEncoder(), file, anyway=anyway)
