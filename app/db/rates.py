"""Limits of how often something may be done, counted in the database, so that they hold across replicas."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_COUNT = text("""
    WITH now AS (
        SELECT to_timestamp(floor(extract(epoch FROM clock_timestamp()) / :window_s) * :window_s) AS began,
               clock_timestamp() AS at
    ), counted AS (
        INSERT INTO rates AS r (key, window_start, count, ends_at)
        SELECT :key, began, 1, began + make_interval(secs => :window_s) FROM now
        ON CONFLICT (key, window_start) DO UPDATE SET count = r.count + 1 WHERE r.count < :most
        RETURNING 1
    )
    SELECT extract(epoch FROM began + make_interval(secs => :window_s) - at)::float8 AS wait_s,
           EXISTS (SELECT 1 FROM counted) AS counted
    FROM now
""")


async def count(session: AsyncSession, key: str, *, most: int, window_s: int) -> float | None:
    """Count one use of `key` in the current window, unless `most` are counted already.

    One atomic statement: of any number at once, exactly `most` are counted. The caller commits.

    Returns:
        None when it was counted, otherwise the seconds until the next window.
    """
    wait_s, counted = (await session.execute(_COUNT, {"key": key, "most": most, "window_s": window_s})).one()
    return None if counted else max(float(wait_s), 0.1)


async def forget(session: AsyncSession, key: str) -> None:
    """Begin anew with a key."""
    await session.execute(text("DELETE FROM rates WHERE key = :key"), {"key": key})


async def forget_old_rates(session: AsyncSession) -> None:
    """Remove the windows that have ended."""
    await session.execute(text("DELETE FROM rates WHERE ends_at < now()"))
