"""Parley's own guide, which a new install can be asked about."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.ingest import ingest
from app.ingest.report import IngestReport
from app.settings import Settings
from graph.context import Encoder

GUIDE = Path(__file__).resolve().parent.parent / "docs"
SOURCE = "guide"
SITE = "default"


async def ingest_guide(
    sessions: async_sessionmaker[AsyncSession], encoder: Encoder, settings: Settings
) -> IngestReport:
    """Bring the guide in the site `default` up to date; quick when nothing has changed."""
    pages = [path for path in (GUIDE,) if path.is_dir()]
    return await ingest(sessions, encoder, settings.knowledge, site=SITE, paths=pages, source=SOURCE)
