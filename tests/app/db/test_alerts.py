"""A share of a budget that is reached is noted once, whoever spends at that moment."""

import asyncio
import sys
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.alerts import alert_to_tell, mark_told, note_alerts, untold_alerts
from app.db.engine import make_engine
from app.db.sites import ensure_site
from app.db.spend import add_spent
from app.db.tables import Alert, Spend
from app.sites.config import Budget

Sessions = async_sessionmaker[AsyncSession]
DAY = Budget(day_usd=Decimal(10))
BOTH = Budget(day_usd=Decimal(10), month_usd=Decimal(100))
SPEND = """
import asyncio, sys
from tests.app.db.test_alerts import spend_much
print(asyncio.run(spend_much(sys.argv[1], int(sys.argv[2]))))
"""
TURNS = 40


async def site_of(sessions: Sessions) -> int:
    async with sessions.begin() as session:
        return (await ensure_site(session, "shop")).id


async def spend(sessions: Sessions, site_id: int, usd: str, budget: Budget = DAY) -> int:
    async with sessions.begin() as session:
        await add_spent(session, site_id, Decimal(usd), 1)
        return await note_alerts(session, site_id, budget)


async def noted(sessions: Sessions) -> list[tuple[str, Decimal]]:
    async with sessions() as session:
        rows = await session.execute(select(Alert.period, Alert.share).order_by(Alert.period, Alert.share))
        return [(period, share) for period, share in rows]


async def spend_much(url: str, site_id: int) -> int:
    """Spend in turns that end at once; return how many alerts were new. A process of its own runs it."""
    engine = make_engine(url)
    try:
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        return sum(await asyncio.gather(*(spend(sessions, site_id, "0.75", BOTH) for _ in range(TURNS))))
    finally:
        await engine.dispose()


async def test_each_share_is_noted_when_it_is_reached_and_only_then(sessions: Sessions) -> None:
    site = await site_of(sessions)

    new = [await spend(sessions, site, usd) for usd in ("4.99", "0.01", "2.99", "0.01", "5", "5")]

    assert new == [0, 1, 0, 1, 1, 0]
    assert await noted(sessions) == [("day", Decimal(share)) for share in ("0.5", "0.8", "1")]


async def test_one_large_turn_reaches_several_shares_of_both_periods(sessions: Sessions) -> None:
    assert await spend(sessions, await site_of(sessions), "85", BOTH) == 5

    assert [period for period, _ in await noted(sessions)] == ["day"] * 3 + ["month"] * 2


async def test_three_processes_at_once_note_each_share_once(sessions: Sessions, database_url: str) -> None:
    site = await site_of(sessions)
    command = (sys.executable, "-c", SPEND, database_url, str(site))
    processes = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE) for _ in range(3)
    ]  # 90 of 10 dollars a day, of 100 a month
    said = [(await process.communicate())[0] for process in processes]

    assert sum(map(int, said)) == 5
    assert await noted(sessions) == [
        *(("day", Decimal(share)) for share in ("0.5", "0.8", "1")),
        *(("month", Decimal(share)) for share in ("0.5", "0.8")),
    ]


async def test_an_alert_is_not_kept_when_what_caused_it_is_not(sessions: Sessions) -> None:
    site = await site_of(sessions)
    async with sessions() as session:
        await add_spent(session, site, Decimal(10), 1)
        assert await note_alerts(session, site, DAY) == 3
        await session.rollback()

    assert await noted(sessions) == []
    assert await spend(sessions, site, "6") == 1


async def test_another_day_has_alerts_of_its_own(sessions: Sessions) -> None:
    site = await site_of(sessions)
    assert await spend(sessions, site, "6") == 1
    async with sessions.begin() as session:
        await session.execute(update(Spend).values(period_start=Spend.period_start - timedelta(days=1)))
        await session.execute(update(Alert).values(period_start=Alert.period_start - timedelta(days=1)))

    assert await spend(sessions, site, "4") == 0
    assert await spend(sessions, site, "1") == 1


@pytest.mark.parametrize(
    "budget", [Budget(), Budget(day_usd=Decimal(1), alerts=())], ids=["no budget", "no shares to tell"]
)
async def test_nothing_is_noted_that_was_not_asked_for(sessions: Sessions, budget: Budget) -> None:
    assert await spend(sessions, await site_of(sessions), "500", budget) == 0


async def test_what_was_told_or_is_too_old_is_not_told(sessions: Sessions) -> None:
    site = await site_of(sessions)
    await spend(sessions, site, "10")
    async with sessions.begin() as session:
        told, old, new = (await session.scalars(select(Alert.id).order_by(Alert.share))).all()
        await mark_told(session, told)
        aged = {"created_at": text("now() - interval '73 hours'")}
        await session.execute(update(Alert).where(Alert.id == old).values(aged))

    async with sessions() as session:
        assert await untold_alerts(session) == [new]
        assert [await alert_to_tell(session, alert) for alert in (told, old)] == [None, None]
        found = await alert_to_tell(session, new)
    assert found
    assert (found.site, found.period) == ("shop", "day")
    assert (found.share, found.budget_usd, found.cost_usd) == (Decimal(1), Decimal(10), Decimal(10))
