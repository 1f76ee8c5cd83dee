"""What each site has spent by day and by month of UTC: the sums of its ledger's lines."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# The moment is the same for the ledger's lines and the sums: that of the transaction.
_SPEND = text("""
    INSERT INTO spend AS s (site_id, period, period_start, cost_usd, tokens)
    SELECT :site_id, period, date_trunc(period, now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', :cost_usd, :tokens
    FROM (VALUES ('day'), ('month')) AS periods (period)
    ON CONFLICT (site_id, period, period_start) DO UPDATE
    SET cost_usd = s.cost_usd + EXCLUDED.cost_usd, tokens = s.tokens + EXCLUDED.tokens
""")
_READ = text("""
    SELECT coalesce(sum(cost_usd) FILTER (WHERE period = 'day'), 0),
           coalesce(sum(cost_usd) FILTER (WHERE period = 'month'), 0)
    FROM spend
    WHERE site_id = :site_id AND period_start = date_trunc(period, now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
""")


@dataclass(frozen=True, slots=True)
class Spent:
    """US dollars within the current day and the current month."""

    day_usd: Decimal
    month_usd: Decimal


async def add_spent(session: AsyncSession, site_id: int, cost_usd: Decimal, tokens: int) -> None:
    """Add to a site's sums. The caller commits, with the ledger's lines."""
    await session.execute(_SPEND, {"site_id": site_id, "cost_usd": cost_usd, "tokens": tokens})


async def spent(session: AsyncSession, site_id: int) -> Spent:
    """What a site has spent so far."""
    return Spent(*(await session.execute(_READ, {"site_id": site_id})).one())
