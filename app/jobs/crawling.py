"""Reads the web pages that sites name as their sources again, each as often as its site says."""

import logging
from contextlib import suppress

from procrastinate import App, Blueprint, JobContext
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.ingestions import Plan, due_sources, forget_unplanned
from app.db.sites import list_sites, site_by_name
from app.db.tables import Site
from app.ingest import ingest
from app.ingest.web import Pages
from app.jobs.context import ENCODER, ENGINE, SETTINGS
from app.loading import marks_for
from app.settings import Settings
from app.sites.config import SiteRefused, read_config
from graph.context import Encoder

CRAWL = "crawling:crawl"
log = logging.getLogger(__name__)


def crawling() -> Blueprint:
    """The tasks. New for each app, because an app renames what it is given."""
    tasks = Blueprint()

    @tasks.periodic(cron="* * * * *")
    @tasks.task(name="queue_crawls", queueing_lock="queue_crawls", pass_context=True)
    async def _queue(context: JobContext, timestamp: int) -> None:
        await queue_crawls(context.app, context.additional_context[ENGINE])

    @tasks.task(name="crawl", pass_context=True)
    async def _crawl(context: JobContext, site: str, address: str) -> None:
        given = context.additional_context
        await crawl(given[ENGINE], given[SETTINGS], given[ENCODER], site, address)

    return tasks


async def queue_crawls(app: App, engine: AsyncEngine) -> int:
    """Queue a job for each source that is due; return how many are. What no site names any more is removed.

    One source is read at a time, so that the other jobs have a place, and visitors the processor.
    """
    count = 0
    async with AsyncSession(engine) as session, session.begin():
        for site in await list_sites(session):
            try:
                plans = _plans(site)
            except SiteRefused:
                log.warning("a site's configuration cannot be read", extra={"site": site.name})
                continue
            removed = await forget_unplanned(session, site.id, plans)
            if removed:
                log.info("a source was taken out", extra={"site": site.name, "documents": removed})
            for address in await due_sources(session, site.id, plans):
                job = app.configure_task(CRAWL, lock="crawl", queueing_lock=f"crawl {site.id} {address}")
                with suppress(AlreadyEnqueued):
                    await job.defer_async(site=site.name, address=address)
                count += 1
    return count


async def crawl(engine: AsyncEngine, settings: Settings, encoder: Encoder, site_name: str, address: str) -> None:
    """Bring the documents of a source up to date, if it is still named and still due."""
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with sessions() as session:
        site = await site_by_name(session, site_name)
        plans = {} if site is None else _plans(site)
        if site is None or address not in plans or address not in await due_sources(session, site.id, plans):
            return
    report = await ingest(
        sessions,
        encoder,
        settings.knowledge,
        site=site.name,
        pages=[Pages(address, (address,))],
        audience=plans[address].audience,
        screen=marks_for(encoder),
        planned=True,
    )
    log.info(
        "a source was read",
        extra={"site": site.name, "documents": report.documents, "failures": len(report.failed)},
    )


def _plans(site: Site) -> dict[str, Plan]:
    sources = read_config(site.config).sources
    return {source.address: Plan(source.interval, frozenset(source.audience)) for source in sources}
