"""Counts of a site's turns in which no visitor counts more than so often, and the budget of figures that left."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import PrivacySpent

By = Literal["intent", "day", "door"]
_KEYS: dict[By, str] = {
    "intent": "coalesce(t.intent, '')",
    "day": "to_char(t.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    "door": "c.door",
}
_COUNT = """
    SELECT key, count(*) FROM (
        SELECT {key} AS key, row_number() OVER (PARTITION BY c.user_id ORDER BY md5(t.id::text), t.id) AS nth
        FROM traces t JOIN conversations c ON c.id = t.conversation_id
        WHERE t.site_id = :site AND t.started_at >= :since AND t.started_at < :until
    ) AS numbered
    WHERE nth <= :most GROUP BY key
"""
"""Which turns of a visitor count is drawn by a hash of their ids: not the first ones, and the same ones each time."""
_SPEND = text("""
    UPDATE privacy_spent SET epsilon = epsilon + :epsilon
    WHERE site_id = :site AND epsilon + :epsilon <= :budget RETURNING epsilon
""")


async def bounded_counts(
    session: AsyncSession, site_id: int, by: By, since: date, until: date, *, most: int
) -> dict[str, int]:
    """Turns by intent, day or door, from `since` to the day before `until`, days of UTC; at most `most` a visitor."""
    given = {"site": site_id, "since": _midnight(since), "until": _midnight(until), "most": most}
    rows = await session.execute(text(_COUNT.format(key=_KEYS[by])), given)
    return {str(key): int(count) for key, count in rows}


async def spend(session: AsyncSession, site_id: int, epsilon: Decimal, *, budget: Decimal) -> Decimal | None:
    """Take from a site's budget, in one statement; return what is spent then, or None where not so much is left.

    Others who spend wait until the caller commits, so of any number at once no more is spent than there is.
    """
    await session.execute(insert(PrivacySpent).values(site_id=site_id).on_conflict_do_nothing())
    spent: Decimal | None = await session.scalar(_SPEND, {"site": site_id, "epsilon": epsilon, "budget": budget})
    return spent


async def spent_of(session: AsyncSession, site_id: int) -> Decimal:
    """How much of its budget a site has spent."""
    row = await session.get(PrivacySpent, site_id)
    return row.epsilon if row else Decimal(0)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
