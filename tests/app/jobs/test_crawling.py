"""Sources of a site's configuration: read when they are due, and gone when they are taken out."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.ingestions import last_ingestions
from app.db.sites import add_site, site_by_name
from app.db.tables import Document, Ingestion, Site
from app.ingest import ingest
from app.ingest.web import Pages
from app.jobs.crawling import crawl, queue_crawls
from app.jobs.worker import job_app
from app.settings import Knowledge, Settings
from graph.context import FloatArray
from tests.app.jobs.test_worker import until_empty, worker
from tests.app.website import Website, serving
from tests.graph.scripted import WordEncoder

SETTINGS = Settings(knowledge=Knowledge(private_addresses=True, crawl_pause_s=0))


class Shop:
    """A site with sources on a website of the tests."""

    def __init__(self, engine: AsyncEngine, website: Website) -> None:
        self.engine, self.website = engine, website
        self.sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def sources(self, *sources: dict[str, Any]) -> None:
        """Name the sources, whose addresses are paths of the website."""
        config = {"sources": [each | {"address": self.website.url(each["address"])} for each in sources]}
        async with self.sessions.begin() as session:
            await add_site(session, "shop", {})
            await session.execute(update(Site).where(Site.name == "shop").values(config=config))

    async def queue(self) -> int:
        app = job_app(self.engine)
        async with app.open_async():
            return await queue_crawls(app, self.engine)

    async def read(self, path: str) -> None:
        await crawl(self.engine, SETTINGS, WordEncoder(), "shop", self.website.url(path))

    async def documents(self) -> dict[str, list[str]]:
        """The audience of each stored document, by its path."""
        async with self.sessions() as session:
            found = await session.execute(select(Document.path, Document.audience).order_by(Document.path))
        return {path.removeprefix(self.website.url()): audience for path, audience in found}

    async def last(self, path: str) -> Ingestion:
        async with self.sessions() as session:
            site = await site_by_name(session, "shop")
            assert site is not None
            return (await last_ingestions(session, site.id))[self.website.url(path)]

    async def later(self, hours: int) -> None:
        """Let all runs have begun that much earlier."""
        async with self.sessions.begin() as session:
            await session.execute(update(Ingestion).values(started_at=Ingestion.started_at - timedelta(hours=hours)))


@pytest.fixture
async def shop(engine: AsyncEngine) -> AsyncIterator[Shop]:
    async with serving() as website:
        for path in ("/a", "/b"):
            website.put(path, f"This is page {path[1:]}.")
        website.sitemap("/map.xml", website.url("/a"), website.url("/b"))
        yield Shop(engine, website)


async def test_the_worker_reads_a_source_once_and_again_when_it_is_due(shop: Shop) -> None:
    await shop.sources({"address": "/map.xml", "every": "2h"})
    assert await shop.queue() == 1
    assert await shop.queue() == 1  # still waiting: it is not queued twice
    async with worker(shop.engine, SETTINGS):
        await until_empty(shop.engine)

    assert list(await shop.documents()) == ["/a", "/b"]
    last = await shop.last("/map.xml")
    assert (last.added, last.failures, last.ended_at is not None) == (2, 0, True)
    await shop.later(1)
    assert await shop.queue() == 0
    await shop.later(1)
    assert await shop.queue() == 1
    shop.website.put("/a", "This is another page.")
    await shop.read("/map.xml")
    last = await shop.last("/map.xml")
    assert (last.added, last.changed, last.unchanged) == (0, 1, 1)


async def test_a_shorter_interval_holds_at_once(shop: Shop) -> None:
    await shop.sources({"address": "/a", "every": "7d"})
    await shop.read("/a")
    await shop.later(3)
    assert await shop.queue() == 0

    await shop.sources({"address": "/a", "every": "2h"})

    assert await shop.queue() == 1


async def test_a_job_that_comes_too_late_reads_nothing(shop: Shop) -> None:
    await shop.sources({"address": "/a"})
    await shop.read("/a")
    shop.website.asked.clear()

    await shop.read("/a")
    await shop.read("/b")

    assert shop.website.asked == []


async def test_another_audience_holds_at_the_next_minute(shop: Shop) -> None:
    await shop.sources({"address": "/a"})
    await shop.read("/a")
    await shop.sources({"address": "/a", "audience": ["Staff"]})

    assert await shop.queue() == 1
    await shop.read("/a")

    assert await shop.documents() == {"/a": ["staff"]}


async def test_what_a_failing_server_had_stays_and_the_failure_is_named(shop: Shop) -> None:
    await shop.sources({"address": "/map.xml"})
    await shop.read("/map.xml")
    shop.website.pages["/map.xml"].status = 500
    await shop.later(25)

    await shop.read("/map.xml")

    assert list(await shop.documents()) == ["/a", "/b"]
    last = await shop.last("/map.xml")
    assert last.failures == 1
    assert last.failed == [[shop.website.url("/map.xml"), "The server refused it (status 500)."]]


async def test_a_source_that_is_taken_out_takes_its_documents_along(shop: Shop) -> None:
    await shop.sources({"address": "/map.xml"}, {"address": "/b"})
    await shop.read("/map.xml")
    await shop.read("/b")
    await shop.sources({"address": "/b"})

    assert await shop.queue() == 0

    assert list(await shop.documents()) == ["/b"]


async def test_a_run_that_died_is_begun_again(shop: Shop) -> None:
    await shop.sources({"address": "/a", "every": "7d"})
    await shop.read("/a")
    async with shop.sessions.begin() as session:
        await session.execute(update(Ingestion).values(ended_at=None))
    assert await shop.queue() == 0

    await shop.later(1)

    assert await shop.queue() == 1


async def test_a_run_that_broke_off_is_begun_again_and_says_why(shop: Shop) -> None:
    await shop.sources({"address": "/a", "every": "7d"})

    class Broken(WordEncoder):
        """Encodes nothing."""

        def encode(self, texts: Sequence[str]) -> FloatArray:
            raise RuntimeError("asked to")

    with pytest.raises(RuntimeError):
        await crawl(shop.engine, SETTINGS, Broken(), "shop", shop.website.url("/a"))

    assert (await shop.last("/a")).error == "It broke off (RuntimeError)."
    assert await shop.queue() == 0
    await shop.later(1)
    assert await shop.queue() == 1


async def test_what_was_ingested_by_hand_stays_when_no_source_names_it(shop: Shop) -> None:
    await shop.sources({"address": "/b"})
    pages = [Pages(shop.website.url("/a"), (shop.website.url("/a"),))]
    await ingest(shop.sessions, WordEncoder(), SETTINGS.knowledge, site="shop", pages=pages)
    await shop.read("/b")
    await shop.sources()

    await shop.queue()

    assert list(await shop.documents()) == ["/a"]


async def test_a_site_that_cannot_be_read_stops_no_other_and_loses_nothing(shop: Shop) -> None:
    await shop.sources({"address": "/a"})
    await shop.read("/a")
    async with AsyncSession(shop.engine) as session, session.begin():
        await session.execute(update(Site).where(Site.name == "shop").values(config={"unknown": 1}))
        await add_site(session, "other", {"sources": [{"address": shop.website.url("/b")}]})

    assert await shop.queue() == 1

    assert list(await shop.documents()) == ["/a"]
