import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.rates import count, forget, forget_old_rates

Sessions = async_sessionmaker[AsyncSession]
HOUR = 3600


async def counted(sessions: Sessions, key: str = "a", most: int = 3, window_s: int = HOUR) -> bool:
    async with sessions.begin() as session:
        return await count(session, key, most=most, window_s=window_s) is None


async def test_as_many_as_allowed_are_counted_and_the_next_learns_when_to_come_back(sessions: Sessions) -> None:
    assert [await counted(sessions) for _ in range(4)] == [True, True, True, False]

    async with sessions.begin() as session:
        wait_s = await count(session, "a", most=3, window_s=HOUR)
        assert wait_s is not None
        assert 0 < wait_s <= HOUR


async def test_keys_do_not_share_a_count(sessions: Sessions) -> None:
    assert await counted(sessions, "a", most=1)
    assert await counted(sessions, "b", most=1)
    assert not await counted(sessions, "a", most=1)


async def test_of_fifty_at_once_exactly_the_limit_is_counted(sessions: Sessions) -> None:
    results = await asyncio.gather(*(counted(sessions, most=7, window_s=24 * HOUR) for _ in range(50)))

    assert sum(results) == 7


async def test_a_key_that_is_forgotten_begins_anew(sessions: Sessions) -> None:
    assert await counted(sessions, most=1)
    async with sessions.begin() as session:
        await forget(session, "a")

    assert await counted(sessions, most=1)


async def test_only_windows_that_have_ended_are_removed(sessions: Sessions) -> None:
    assert await counted(sessions, "now")
    assert await counted(sessions, "then")
    async with sessions.begin() as session:
        await session.execute(text("UPDATE rates SET ends_at = now() - interval '1 s' WHERE key = 'then'"))
        await forget_old_rates(session)

        assert list(await session.scalars(text("SELECT key FROM rates"))) == ["now"]
