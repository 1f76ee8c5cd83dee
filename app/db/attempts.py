"""Tries to prove who one is: after a few that failed, each further one must wait longer.

A try is counted as failed before it is checked, by one atomic statement: of any number at once no more than the free
ones are checked, whatever the number of replicas. Who proves to be right begins anew.
"""

from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Member

FREE = 5
"""Tries before the first wait."""
FIRST_S, LONGEST_S = 30, 900
"""The first wait and the longest one; each is twice as long as the one before."""
_KEPT_S = 24 * 3600
"""How long the failures of a key are remembered after its last wait."""

_WAIT = f"CASE WHEN %s < {FREE} THEN 0 ELSE least({FIRST_S} * 2 ^ least(%s - {FREE}, 20), {LONGEST_S}) END"


def _wait(failures: str) -> str:
    return f"make_interval(secs => {_WAIT.replace('%s', failures)})"


_NEXT = "CASE WHEN r.ends_at < clock_timestamp() THEN 1 ELSE r.count + 1 END"
# A key's row ends a day after its wait does, so the wait can be read from it. It belongs to no window: all stand at 0.
_COUNT = text(f"""
    INSERT INTO rates AS r (key, window_start, count, ends_at)
    VALUES (:key, to_timestamp(0), 1, clock_timestamp() + make_interval(secs => {_KEPT_S}))
    ON CONFLICT (key, window_start) DO UPDATE
    SET count = {_NEXT}, ends_at = clock_timestamp() + make_interval(secs => {_KEPT_S}) + {_wait(f"({_NEXT})")}
    WHERE r.ends_at <= clock_timestamp() + make_interval(secs => {_KEPT_S})
    RETURNING 1
""")  # noqa: S608 - only constants of this module
_LEFT = text("SELECT extract(epoch FROM ends_at - clock_timestamp())::float8 FROM rates WHERE key = :key")
_COUNT_MEMBER = text(f"""
    UPDATE members SET failures = failures + 1,
        locked_until = CASE WHEN failures + 1 < {FREE} THEN NULL ELSE clock_timestamp() + {_wait("(failures + 1)")} END
    WHERE id = :id AND (locked_until IS NULL OR locked_until <= clock_timestamp())
    RETURNING 1
""")  # noqa: S608 - only constants of this module
_LEFT_MEMBER = text("SELECT extract(epoch FROM locked_until - clock_timestamp())::float8 FROM members WHERE id = :id")


async def attempt(session: AsyncSession, key: str) -> float | None:
    """Count a try under a key, unless it must wait. The caller commits before the try is checked.

    `app.db.rates.forget` begins anew with the key of who proved to be right.

    Returns:
        None when it may be checked, otherwise the seconds to wait.
    """
    if await session.scalar(_COUNT, {"key": key}):
        return None
    return max(float(await session.scalar(_LEFT, {"key": key}) or 0) - _KEPT_S, 1.0)


async def attempt_member(session: AsyncSession, member_id: UUID) -> float | None:
    """Count a try to be a member, as `attempt` does."""
    if await session.scalar(_COUNT_MEMBER, {"id": member_id}):
        return None
    return max(float(await session.scalar(_LEFT_MEMBER, {"id": member_id}) or 0), 1.0)


async def unlock(session: AsyncSession, member_id: UUID) -> None:
    """Forget the failures of a member."""
    await session.execute(update(Member).where(Member.id == member_id).values(failures=0, locked_until=None))
