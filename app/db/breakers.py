"""What the last tries of each route say about it, kept where all processes see it."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.listen import tell

CHANGED = "parley_breakers"
"""Channel on which the name of a route is told whose state has changed."""
PROBE_S = 60
"""How long one request may try a route before another may."""

_READ = text("""
    SELECT route, failures, reason, extract(epoch FROM open_until - clock_timestamp())::float8 AS open_s FROM breakers
""")
_COUNT = text("""
    INSERT INTO breakers AS b (route, failures, reason) VALUES (:route, 1, :reason)
    ON CONFLICT (route) DO UPDATE
    SET failures = b.failures + 1, reason = :reason, probing_until = NULL, updated_at = now()
    RETURNING failures
""")
_OPEN = text("UPDATE breakers SET open_until = clock_timestamp() + make_interval(secs => :open_s) WHERE route = :route")
_CLOSE = text("DELETE FROM breakers WHERE route = :route RETURNING route")
_PROBE = text("""
    UPDATE breakers SET probing_until = clock_timestamp() + make_interval(secs => :probe_s)
    WHERE route = :route AND open_until <= clock_timestamp()
      AND (probing_until IS NULL OR probing_until <= clock_timestamp())
    RETURNING route
""")


@dataclass(frozen=True, slots=True)
class BreakerState:
    """A route that failed lately. `open_s`: seconds for which it is not asked; None while it still is."""

    route: str
    failures: int
    reason: str
    open_s: float | None


async def read_breakers(session: AsyncSession) -> list[BreakerState]:
    """The routes that failed lately."""
    return [BreakerState(*row) for row in await session.execute(_READ)]


async def count_failure(session: AsyncSession, route: str, reason: str) -> int:
    """Count a fault of a route; return how many there were in a row. Holds the route's row until the end."""
    failures: int = (await session.execute(_COUNT, {"route": route, "reason": reason})).scalar_one()
    await tell(session, CHANGED, route)
    return failures


async def open_breaker(session: AsyncSession, route: str, open_s: float) -> None:
    """Have a route not asked for so many seconds."""
    await session.execute(_OPEN, {"route": route, "open_s": open_s})


async def close_breaker(session: AsyncSession, route: str) -> None:
    """Forget a route's faults: it answered."""
    if await session.scalar(_CLOSE, {"route": route}):
        await tell(session, CHANGED, route)


async def may_probe(session: AsyncSession, route: str) -> bool:
    """Whether this request is the one that tries a route whose pause is over."""
    return await session.scalar(_PROBE, {"route": route, "probe_s": PROBE_S}) is not None
