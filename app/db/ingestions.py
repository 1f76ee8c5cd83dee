"""How the last ingestion of each source of a site went, or how far the one has come that is under way."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.documents import content_hashes, remove_documents
from app.db.tables import Ingestion

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
class Counts:
    """What a run has done so far, and what it could not read: pairs of a path and a reason.

    Attributes:
        seen: files, pages and records that it has looked at.
        chunks: passages that it has written.
        error: why it broke off, in a sentence without anything that people wrote.
    """

    seen: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: int = 0
    chunks: int = 0
    failed: Sequence[tuple[str, str]] = ()
    error: str | None = None


async def due_sources(session: AsyncSession, site_id: int, plans: Mapping[str, Plan]) -> list[str]:
    """The sources that are to be read now: never read, read long ago, or for other readers then."""
    age = func.clock_timestamp() - Ingestion.started_at
    unended = Ingestion.ended_at.is_(None) | Ingestion.error.is_not(None)
    found = await session.execute(
        select(Ingestion.source, Ingestion.audience, age, unended).where(Ingestion.site_id == site_id)
    )
    rested = {
        source
        for source, audience, since, broken in found
        if (plan := plans.get(source)) is not None
        and plan.audience == frozenset(audience)
        and since < (min(plan.every, LOST_AFTER) if broken else plan.every)
    }
    return [source for source in plans if source not in rested]


async def ingestion_begins(
    session: AsyncSession, site_id: int, source: str, audience: Collection[str], *, planned: bool
) -> None:
    """Note that a source is being read, for readers with these labels. The caller commits.

    Args:
        planned: whether the site's configuration names the source. Once it has, it has until `forget_unplanned`.
    """
    given = {
        "started_at": func.clock_timestamp(),
        "told_at": func.clock_timestamp(),
        "ended_at": None,
        "audience": sorted(audience),
        **_values(Counts()),
    }
    statement = insert(Ingestion).values(site_id=site_id, source=source, planned=planned, **given)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["site_id", "source"],
            set_=given | {"planned": Ingestion.planned | statement.excluded.planned},
        )
    )


async def ingestion_told(session: AsyncSession, site_id: int, source: str, counts: Counts, *, ended: bool) -> None:
    """Note how far it has come, or how it ended. The caller commits."""
    now = func.clock_timestamp()
    times: dict[str, ColumnElement[object]] = {"told_at": now} | ({"ended_at": now} if ended else {})
    await session.execute(
        update(Ingestion)
        .where(Ingestion.site_id == site_id, Ingestion.source == source)
        .values(**times, **_values(counts))
    )


async def last_ingestions(session: AsyncSession, site_id: int) -> dict[str, Ingestion]:
    """The last run of each source, by the source's name."""
    found = await session.scalars(select(Ingestion).where(Ingestion.site_id == site_id))
    return {each.source: each for each in found}


async def forget_unplanned(session: AsyncSession, site_id: int, kept: Collection[str]) -> int:
    """Remove the documents of sources that the configuration no longer names; return how many. The caller commits."""
    gone = await session.scalars(
        delete(Ingestion)
        .where(Ingestion.site_id == site_id, Ingestion.planned, Ingestion.source.not_in(list(kept)))
        .returning(Ingestion.source)
    )
    removed = 0
    for source in gone.all():
        paths = list(await content_hashes(session, site_id, source))
        removed += await remove_documents(session, site_id, source, paths) if paths else 0
    return removed


def _values(counts: Counts) -> dict[str, object]:
    return {
        "seen": counts.seen,
        "added": counts.added,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "removed": counts.removed,
        "skipped": counts.skipped,
        "chunks": counts.chunks,
        "failures": len(counts.failed),
        "failed": [list(each) for each in counts.failed[:MOST_NAMED]],
        "error": counts.error,
    }
