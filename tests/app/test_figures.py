import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from statistics import mean
from typing import Any, get_args
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.figures import By, bounded_counts, spent_of
from app.db.sites import ensure_site
from app.db.tables import Conversation, Site, Trace
from app.db.users import ensure_guest
from app.figures import OTHER, BudgetSpent, PeriodRefused, release
from app.noise import noisy
from tests.conftest import SECRET

Sessions = async_sessionmaker[AsyncSession]
SINCE, UNTIL = date(2026, 3, 1), date(2026, 3, 8)
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


async def turns(sessions: Sessions, *intents: str | None, site: str = "shop", door: str = "page") -> None:
    """A new visitor's turns, one each day."""
    async with sessions.begin() as session:
        owner = await ensure_site(session, site)
        user = await ensure_guest(session, owner.id, uuid4())
        talk = Conversation(id=uuid4(), site_id=owner.id, user_id=user.id, door=door)
        session.add(talk)
        await session.flush()
        for day, intent in zip(count(), intents):
            begun = BEGAN + timedelta(days=day, hours=23)
            session.add(
                Trace(
                    id=uuid4(),
                    site_id=owner.id,
                    conversation_id=talk.id,
                    started_at=begun,
                    duration_ms=1,
                    outcome="done",
                    intent=intent,
                )
            )


async def exported(
    sessions: Sessions, by: By = "intent", epsilon: str = "1", *, until: date = UNTIL, budget: str = "4"
) -> dict[str, Any]:
    async with sessions.begin() as session:
        site = await ensure_site(session, "shop")
        spend, total = Decimal(epsilon), Decimal(budget)
        return await release(
            session, SECRET, site, by, SINCE, until, epsilon=spend, most=3, budget=total, actor="a test"
        )  # fmt: skip


async def site_of(sessions: Sessions) -> Site:
    async with sessions.begin() as session:
        return await ensure_site(session, "shop")


async def test_no_visitor_counts_more_than_so_often_in_all_counts_together(sessions: Sessions) -> None:
    await turns(sessions, *["refund", "hours", "delivery", None] * 5, door="widget")
    await turns(sessions, "refund")
    await turns(sessions, "refund", site="another")
    site = await site_of(sessions)
    async with sessions() as session:
        for by in get_args(By):
            for most in (1, 3):
                found = await bounded_counts(session, site.id, by, SINCE, date(2026, 4, 1), most=most)
                assert sum(found.values()) == most + 1
        everything = await bounded_counts(session, site.id, "intent", SINCE, date(2026, 4, 1), most=100)
        days = await bounded_counts(session, site.id, "day", SINCE, date(2026, 3, 3), most=100)
    assert everything == {"refund": 6, "hours": 5, "delivery": 5, "": 5}
    assert days == {"2026-03-01": 2, "2026-03-02": 1}


async def test_which_counts_there_are_does_not_tell_what_visitors_did(sessions: Sessions) -> None:
    empty = {by: await exported(sessions, by) for by in get_args(By)}
    await turns(sessions, "an intent of an older version", None, door="api")
    for by, before in empty.items():
        after = await exported(sessions, by, budget="100")
        assert after["counts"].keys() == before["counts"].keys()
    assert OTHER in empty["intent"]["counts"]
    assert len(empty["day"]["counts"]) == 7


async def test_the_budget_runs_out_also_when_many_ask_at_once(engine: AsyncEngine, sessions: Sessions) -> None:
    site = await site_of(sessions)
    asked = [exported(sessions, "door", "0.3", budget="1") for _ in range(8)]
    answers = await asyncio.gather(*asked, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, BudgetSpent)]
    assert len(refused) == 5
    assert sorted(answer["left"] for answer in answers if isinstance(answer, dict)) == [0.1, 0.4, 0.7]
    assert "of which 0.1 is left" in str(refused[0])
    async with sessions() as session:
        assert await spent_of(session, site.id) == Decimal("0.9")
    assert (await exported(sessions, "door", "0.1", budget="1"))["left"] == 0


async def test_what_is_refused_takes_nothing(sessions: Sessions) -> None:
    site = await site_of(sessions)
    for until in (SINCE, date(2025, 1, 1), date(2028, 1, 1)):
        with pytest.raises(PeriodRefused):
            await exported(sessions, until=until)
    with pytest.raises(BudgetSpent):
        await exported(sessions, epsilon="5")
    async with sessions() as session:
        assert await spent_of(session, site.id) == 0


@pytest.mark.parametrize(("most", "epsilon", "scale"), [(5, "0.5", 10), (5, "1", 5), (1, "0.1", 10)])
def test_the_noise_is_as_wide_as_the_epsilon_asks_and_leans_to_no_side(most: int, epsilon: str, scale: int) -> None:
    truth = 10_000
    found, within = noisy([truth] * 4000, most=most, epsilon=Decimal(epsilon))

    errors = [each - truth for each in found]
    assert abs(mean(errors)) < 0.2 * scale  # about nine times what chance would explain
    assert 0.85 * scale < mean(map(abs, errors)) < 1.15 * scale
    assert 0.92 < mean(abs(error) <= within for error in errors) < 0.98


def test_no_count_is_below_nothing() -> None:
    found, _ = noisy([0] * 200, most=5, epsilon=Decimal("0.1"))
    assert min(found) == 0 < max(found)
