"""Alerts: a share of a site's budget was reached. There is one for each share, day and month, in all processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Alert, Site
from app.sites.config import Budget

KEPT_TRYING = timedelta(days=3)
"""How long after it was noted an alert may still be told."""
BATCH = 1000

# The turn's own addition to `spend` holds its row until the transaction ends: of two turns that end at the same moment,
# the second sees what the first has spent. A share that is noted already is left as it is.
_NOTE = text("""
    INSERT INTO alerts (site_id, period, period_start, share, budget_usd, cost_usd)
    SELECT s.site_id, s.period, s.period_start, shares.share, b.budget_usd, s.cost_usd
    FROM spend AS s
    JOIN (VALUES ('day', CAST(:day_usd AS numeric)), ('month', CAST(:month_usd AS numeric))) AS b (period, budget_usd)
        ON b.period = s.period
    CROSS JOIN unnest(CAST(:shares AS numeric[])) AS shares (share)
    WHERE s.site_id = :site_id
      AND s.period_start = date_trunc(s.period, now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
      AND s.cost_usd >= shares.share * b.budget_usd
    ORDER BY s.period, shares.share
    ON CONFLICT (site_id, period, period_start, share) DO NOTHING
    RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Reached:
    """An alert that is to be told. `share` is of `budget_usd`; `cost_usd` is what had been spent at `created_at`."""

    id: UUID
    site: str
    period: str
    period_start: datetime
    share: Decimal
    budget_usd: Decimal
    cost_usd: Decimal
    created_at: datetime


async def note_alerts(session: AsyncSession, site_id: int, budget: Budget) -> int:
    """Note the shares of a budget that a site has reached in this day and month; return how many are new.

    Called after what was spent was added, in the same transaction; the caller commits.
    """
    if not budget.alerts or (budget.day_usd is None and budget.month_usd is None):
        return 0
    values = {
        "site_id": site_id,
        "day_usd": budget.day_usd,
        "month_usd": budget.month_usd,
        "shares": list(budget.alerts),
    }
    return len((await session.execute(_NOTE, values)).all())


async def untold_alerts(session: AsyncSession) -> list[UUID]:
    """The alerts that nobody was told of and that are not too old for it, oldest first."""
    young = Alert.created_at > func.now() - KEPT_TRYING
    statement = select(Alert.id).where(Alert.delivered_at.is_(None), young).order_by(Alert.created_at).limit(BATCH)
    return list(await session.scalars(statement))


async def alert_to_tell(session: AsyncSession, alert_id: UUID) -> Reached | None:
    """An alert; None when it was told meanwhile, became too old, or went with its site."""
    columns = (Alert.period, Alert.period_start, Alert.share, Alert.budget_usd, Alert.cost_usd, Alert.created_at)
    found = await session.execute(
        select(Alert.id, Site.name, *columns)
        .join(Site, Site.id == Alert.site_id)
        .where(Alert.id == alert_id, Alert.delivered_at.is_(None), Alert.created_at > func.now() - KEPT_TRYING)
    )
    row = found.one_or_none()
    return None if row is None else Reached(*row)


async def mark_told(session: AsyncSession, alert_id: UUID) -> None:
    """Note that an alert was told. The caller commits."""
    await session.execute(
        update(Alert).where(Alert.id == alert_id, Alert.delivered_at.is_(None)).values(delivered_at=func.now())
    )
