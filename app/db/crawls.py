"""How the last run of each source of web pages went that a site's configuration names."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.documents import content_hashes, remove_documents
from app.db.tables import Crawl

LOST_AFTER = timedelta(hours=1)
"""A run that has not ended by then may have died; the source is due again, and waits for it if it has not."""
MOST_NAMED = 50
"""Failures of a run that are kept by name; all are counted."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a source is read anew, and the labels of which a reader of its documents needs one."""

    every: timedelta
    audience: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did to the site's documents, and what it could not read: pairs of an address and a reason."""

    added: int
    changed: int
    unchanged: int
    removed: int
    failed: Sequence[tuple[str, str]]


async def due_crawls(session: AsyncSession, site_id: int, plans: Mapping[str, Plan]) -> list[str]:
    """The addresses of sources that are to be read now: never read, read long ago, or for other readers then."""
    found = await session.execute(
        select(Crawl.address, Crawl.audience, _age(), Crawl.ended_at.is_(None)).where(Crawl.site_id == site_id)
    )
    rested = {
        address
        for address, audience, age, unended in found
        if (plan := plans.get(address)) is not None
        and plan.audience == frozenset(audience)
        and age < (min(plan.every, LOST_AFTER) if unended else plan.every)
    }
    return [address for address in plans if address not in rested]


async def crawl_begins(session: AsyncSession, site_id: int, address: str, plan: Plan) -> None:
    """Note that a source is being read. The caller commits."""
    given = {
        "started_at": func.clock_timestamp(),
        "ended_at": None,
        "audience": sorted(plan.audience),
    }
    statement = insert(Crawl).values(site_id=site_id, address=address, **given)
    await session.execute(statement.on_conflict_do_update(index_elements=["site_id", "address"], set_=given))


async def crawl_ended(session: AsyncSession, site_id: int, address: str, outcome: Outcome) -> None:
    """Note how it went. The caller commits."""
    await session.execute(
        update(Crawl)
        .where(Crawl.site_id == site_id, Crawl.address == address)
        .values(
            ended_at=func.clock_timestamp(),
            added=outcome.added,
            changed=outcome.changed,
            unchanged=outcome.unchanged,
            removed=outcome.removed,
            failures=len(outcome.failed),
            failed=[list(each) for each in outcome.failed[:MOST_NAMED]],
        )
    )


async def last_crawls(session: AsyncSession, site_id: int) -> dict[str, Crawl]:
    """The last run of each source, by its address."""
    found = await session.scalars(select(Crawl).where(Crawl.site_id == site_id))
    return {crawl.address: crawl for crawl in found}


async def forget_crawls(session: AsyncSession, site_id: int, kept: Collection[str]) -> int:
    """Remove the documents of sources that the configuration no longer names; return how many. The caller commits."""
    gone = await session.scalars(
        delete(Crawl).where(Crawl.site_id == site_id, Crawl.address.not_in(list(kept))).returning(Crawl.address)
    )
    removed = 0
    for address in gone.all():
        paths = list(await content_hashes(session, site_id, address))
        removed += await remove_documents(session, site_id, address, paths) if paths else 0
    return removed


def _age() -> ColumnElement[timedelta]:
    return func.clock_timestamp() - Crawl.started_at
