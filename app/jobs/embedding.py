"""Shows the encoders what they have not seen: after documents have changed, or one was away, exchanged or added."""

import logging
from collections.abc import Sequence

from procrastinate import Blueprint, JobContext
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.db.sites import list_sites
from app.embedders import show_installed, show_unseen
from app.jobs.context import EMBEDDERS, ENCODER, ENGINE, SETTINGS
from app.settings import Settings
from app.sites.config import read_config
from app.sites.models import confined
from graph.context import Encoder
from graph.encoder.hosted import HostedEncoder
from graph.errors import ModelFault

log = logging.getLogger(__name__)


def embedding() -> Blueprint:
    """The task. New for each app, because an app renames what it is given."""
    tasks = Blueprint()

    @tasks.periodic(cron="* * * * *")
    @tasks.task(name="embed", queueing_lock="embed", lock="embed", pass_context=True)
    async def _embed(context: JobContext, timestamp: int) -> None:
        given = context.additional_context
        await embed(given[ENGINE], given[EMBEDDERS], given[SETTINGS])
        await embed_anew(given[ENGINE], given[ENCODER])

    return tasks


async def embed(engine: AsyncEngine, encoders: Sequence[HostedEncoder], settings: Settings) -> None:
    """Show each encoder the passages of the sites that want it. One that fails is left until the next time."""
    if not encoders:
        return
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with sessions() as session:
        sites = [
            (site.id, confined(read_config(site.config), settings).models.embeddings)
            for site in await list_sites(session)
        ]
    for encoder in encoders:
        try:
            for site_id, names in sites:
                if not names or encoder.name in names:
                    await show_unseen(sessions, encoder, site_id, settings)
        except ModelFault as fault:
            log.warning("an encoder has not seen all passages", extra={"encoder": encoder.name, "reason": fault.label})


async def embed_anew(engine: AsyncEngine, encoder: Encoder) -> None:
    """Show the installed encoder, if it was exchanged, the passages of all sites."""
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with sessions() as session:
        sites = await list_sites(session)
    for site in sites:
        shown = await show_installed(sessions, encoder, site.id)
        if shown:
            log.info(
                "passages were encoded anew", extra={"site": site.name, "passages": shown, "encoder": encoder.name}
            )
