"""Keeps each site's data no longer than the site says, in small steps, with a record of what went."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.audit import record
from app.db.retention import KINDS, count_old, remove_old
from app.db.sites import list_sites
from app.db.tables import Site
from app.sites.config import Retention, SiteRefused, read_config

STEP = 500
"""Rows that go in one transaction."""
STEPS = 100
"""Steps for one kind of one site in one run; the next run goes on."""
log = logging.getLogger(__name__)

Counts = dict[str, dict[str, int]]
"""How much of each kind, by site. Sites and kinds of which there is nothing are left out."""


def limits(retention: Retention, now: datetime) -> Iterator[tuple[str, datetime]]:
    """Each kind that does not stay for ever, and from when on it may stay."""
    for kind in KINDS:
        days: int | None = getattr(retention, kind)
        if days is not None:
            yield kind, now - timedelta(days=days)


async def overdue(sessions: async_sessionmaker[AsyncSession], now: datetime) -> Counts:
    """What the next run removes if it takes all; nothing is changed."""
    async with sessions() as session:
        counts = {
            site.name: {
                kind: await count_old(session, site.id, kind, before) for kind, before in limits(retention, now)
            }
            for site, retention in await _sites(session)
        }
    return _found(counts)


async def enforce(
    sessions: async_sessionmaker[AsyncSession],
    secret: bytes,
    now: datetime,
    *,
    actor: str,
    step: int = STEP,
    steps: int = STEPS,
) -> Counts:
    """Remove what is overdue, at most `steps` times `step` rows of each kind and site; return how much went.

    Each step is a transaction of its own, so that nobody waits for long, and a run that is cut off has done its part.
    The audit log gets one record for each site of which something went.

    Args:
        secret: of the installation, for the audit log.
    """
    counts: Counts = {}
    async with sessions() as session:
        sites = await _sites(session)
    for site, retention in sites:
        gone = counts.setdefault(site.name, {})
        for kind, before in limits(retention, now):
            gone[kind] = 0
            for _ in range(steps):
                async with sessions.begin() as session:
                    removed = await remove_old(session, site.id, kind, before, most=step)
                gone[kind] += removed
                if removed < step:
                    break
        went = {kind: count for kind, count in gone.items() if count}
        if went:
            async with sessions.begin() as session:
                await record(session, secret, actor=actor, action="retention", subject=site.name, details=dict(went))
            log.info("data was removed because of its age", extra={"site": site.name, **went})
    return _found(counts)


async def _sites(session: AsyncSession) -> list[tuple[Site, Retention]]:
    found = []
    for site in await list_sites(session):
        try:
            found.append((site, read_config(site.config).retention))
        except SiteRefused:
            log.warning("a site's configuration cannot be read", extra={"site": site.name})
    return found


def _found(counts: Counts) -> Counts:
    kinds = {site: {kind: count for kind, count in of.items() if count} for site, of in counts.items()}
    return {site: of for site, of in kinds.items() if of}
