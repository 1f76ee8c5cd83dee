"""How the last ingestion of each source of a site went, or how far the one has come that is under way."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.documents import content_hashes, remove_documents
from app.db.tables import Ingestion

LOST_AFTER = timedelta(hours=1)
"""A run that has not ended by then may have died; the source is due again, and waits for it if it has not."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a source is read anew, and the labels of which a reader of its documents needs one."""

    every: timedelta
    audience: frozenset[str] = frozenset()


Values = Mapping[str, Any]
"""What is told of a run, by the names of the columns of `Ingestion`."""


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
    now = func.clock_timestamp()
    statement = insert(Ingestion).values(
        site_id=site_id, source=source, planned=planned, audience=sorted(audience), started_at=now, told_at=now
    )
    anew = {column.name: statement.excluded[column.name] for column in Ingestion.__table__.c if not column.primary_key}
    planned_before = {"planned": Ingestion.planned | statement.excluded.planned}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["site_id", "source"], set_=anew | planned_before)
    )


async def ingestion_told(session: AsyncSession, site_id: int, source: str, values: Values, *, ended: bool) -> None:
    """Note how far it has come, or how it ended. The caller commits."""
    now = func.clock_timestamp()
    times: dict[str, ColumnElement[object]] = {"told_at": now} | ({"ended_at": now} if ended else {})
    await session.execute(
        update(Ingestion).where(Ingestion.site_id == site_id, Ingestion.source == source).values(**times, **values)
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
