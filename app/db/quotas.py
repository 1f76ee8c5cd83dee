"""Counts of requests and tokens within a minute or a day, in the rows that all replicas share."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Rows are written in the order of their keys, so that no two requests wait for each other.
_TAKE = text("""
    WITH now AS (SELECT clock_timestamp() AS at), asked AS (
        SELECT key, most, step, w,
               to_timestamp(floor(extract(epoch FROM at) / w) * w) AS began, at
        FROM now, unnest(CAST(:keys AS text[]), CAST(:most AS bigint[]), CAST(:steps AS bigint[]),
                         CAST(:windows AS int[])) AS given (key, most, step, w)
    ), counted AS (
        INSERT INTO rates AS r (key, window_start, count, ends_at)
        SELECT key, began, step, began + make_interval(secs => w) FROM asked ORDER BY key
        ON CONFLICT (key, window_start) DO UPDATE SET count = r.count + EXCLUDED.count
        WHERE r.count < (SELECT most FROM asked WHERE asked.key = r.key)
        RETURNING key
    )
    SELECT key, extract(epoch FROM began + make_interval(secs => w) - at)::float8 FROM asked
    WHERE key NOT IN (SELECT key FROM counted)
""")
_ADD = text("""
    INSERT INTO rates AS r (key, window_start, count, ends_at)
    SELECT key, to_timestamp(floor(extract(epoch FROM at) / w) * w), :step,
           to_timestamp(floor(extract(epoch FROM at) / w) * w) + make_interval(secs => w)
    FROM (SELECT clock_timestamp() AS at) AS now,
         unnest(CAST(:keys AS text[]), CAST(:windows AS int[])) AS given (key, w)
    ORDER BY key
    ON CONFLICT (key, window_start) DO UPDATE SET count = r.count + EXCLUDED.count
""")


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `most` (1 or more) of something within each window of `window_s` seconds of UTC.

    `step` is what a request counts for: 1, or 0 where what it takes is known only at its end.
    """

    key: str
    most: int
    window_s: int
    step: int = 1


@dataclass(frozen=True, slots=True)
class Full:
    """A quota that is used up, and the seconds until its next window."""

    quota: Quota
    wait_s: float


async def take(session: AsyncSession, quotas: Sequence[Quota]) -> Full | None:
    """Count one request against all of its quotas, in one statement; the caller commits, at once.

    A request that one of them refuses counts against none: the session is rolled back. Others that ask for the same
    rows meanwhile wait until then, so of any number at once exactly as many are counted as may be.

    Returns:
        None when it was counted, otherwise the full quota that is full for longest.
    """
    if not quotas:
        return None
    given = {
        "keys": [quota.key for quota in quotas],
        "most": [quota.most for quota in quotas],
        "steps": [quota.step for quota in quotas],
        "windows": [quota.window_s for quota in quotas],
    }
    refused = {row[0]: float(row[1]) for row in await session.execute(_TAKE, given)}
    if not refused:
        return None
    await session.rollback()
    by_key = {quota.key: quota for quota in quotas}
    key = max(refused, key=lambda one: refused[one])
    return Full(by_key[key], max(refused[key], 0.1))


async def add(session: AsyncSession, quotas: Sequence[Quota], step: int) -> None:
    """Count what a request took in the end, whether or not that is more than may be."""
    if quotas and step:
        given = {"keys": [quota.key for quota in quotas], "windows": [quota.window_s for quota in quotas], "step": step}
        await session.execute(_ADD, given)
