"""Parley's own guide, which a new install can be asked about."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.sites import site_by_name
from app.db.tables import Site
from app.ingest import ingest
from app.ingest.report import IngestReport
from app.loading import marks_for
from app.settings import Settings
from graph.context import Encoder
from graph.errors import UnknownSite

GUIDE = Path(__file__).resolve().parent.parent / "docs"
SOURCE = "guide"
SITE = "default"
NOT_FOR_VISITORS = ("decisions", "images", "settings.md")
"""Decisions and the reference of settings: their fragments push better passages out."""


async def ingest_guide(
    sessions: async_sessionmaker[AsyncSession], encoder: Encoder, settings: Settings
) -> IngestReport:
    """Bring the guide in the site `default` up to date; quick when nothing has changed, also after another encoder."""
    return await ingest(
        sessions,
        encoder,
        settings.knowledge,
        site=SITE,
        paths=[GUIDE],
        source=SOURCE,
        exclude=NOT_FOR_VISITORS,
        screen=marks_for(encoder),
        catch_up=False,
    )


async def ensure_site_or_guide(
    sessions: async_sessionmaker[AsyncSession], encoder: Encoder, settings: Settings, name: str
) -> Site:
    """Return the site of that name. On a new install, the site `default` is made and gets the guide.

    Raises:
        UnknownSite: there is no such site.
    """
    async with sessions() as session:
        site = await site_by_name(session, name)
    if site is None and name == SITE and settings.knowledge.guide:
        await ingest_guide(sessions, encoder, settings)
        async with sessions() as session:
            site = await site_by_name(session, name)
    if site is None:
        raise UnknownSite(f"There is no site {name!r}; `parley ingest --site {name} PATH` makes it.")
    return site
