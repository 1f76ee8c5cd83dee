"""New keys for old ones, while turns run: what is encrypted stays as it is, only the wrapping changes."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.tables import Site, SiteKey, VisitorKey
from app.vault.vault import LOCK, vault_of

BATCH = 500


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """The keys of one site. `masters` are the names of the master keys that wrap."""

    site: str
    visitors: int
    masters: tuple[str, ...]


async def key_status(session: AsyncSession) -> list[SiteKeys]:
    """The keys of each site."""
    rows = await session.execute(
        select(
            Site.name,
            func.count(VisitorKey.id),
            func.coalesce(func.array_agg(SiteKey.master.distinct()).filter(SiteKey.master.is_not(None)), []),
        )
        .outerjoin(SiteKey, SiteKey.site_id == Site.id)
        .outerjoin(VisitorKey, VisitorKey.site_key_id == SiteKey.id)
        .group_by(Site.name)
        .order_by(Site.name)
    )
    return [SiteKeys(name, visitors, tuple(masters)) for name, visitors, masters in rows]


async def rotate(sessions: async_sessionmaker[AsyncSession]) -> int:
    """Give each site a new key, wrap its visitors' keys with it, and remove the old one; return how many were wrapped.

    Each batch is a transaction, so that it can be cut off and begun again.
    """
    async with sessions.begin() as session:
        await session.execute(select(func.pg_advisory_xact_lock(LOCK)))  # who wraps after this, wraps with the new one
    async with sessions() as session:
        sites = (await session.scalars(select(SiteKey.site_id).distinct())).all()
    return sum([await _rotate_site(sessions, site_id) for site_id in sites])


async def _rotate_site(sessions: async_sessionmaker[AsyncSession], site_id: int) -> int:
    async with sessions.begin() as session:
        new = await vault_of(session).new_site_key(session, site_id)
    wrapped = 0
    while True:
        async with sessions.begin() as session:
            # Whoever wraps with an old key just now is waited for; then it can be seen whether it wraps anything.
            await session.execute(
                select(SiteKey.id).where(SiteKey.site_id == site_id, SiteKey.id != new.id).with_for_update()
            )
            gone = delete(SiteKey).where(
                SiteKey.site_id == site_id,
                SiteKey.id != new.id,
                ~select(VisitorKey.id).where(VisitorKey.site_key_id == SiteKey.id).exists(),
            )
            await session.execute(gone)
            rows = await session.execute(
                select(VisitorKey, SiteKey)
                .join(SiteKey, SiteKey.id == VisitorKey.site_key_id)
                .where(VisitorKey.site_id == site_id, VisitorKey.site_key_id != new.id)
                .limit(BATCH)
                .with_for_update(of=VisitorKey)
            )
            batch = rows.all()
            for row, old in batch:
                fresh = await vault_of(session).rewrap(row, old, new)
                await session.execute(
                    update(VisitorKey).where(VisitorKey.id == row.id).values(site_key_id=new.id, wrapped=fresh)
                )
        wrapped += len(batch)
        if not batch:
            return wrapped
