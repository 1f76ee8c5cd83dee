"""Alerts reach the operator's webhook: signed, at least once, and as soon as it takes them again."""

import asyncio
import json
import re
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.alerts import note_alerts
from app.db.sites import ensure_site
from app.db.spend import add_spent
from app.db.tables import Alert
from app.jobs.alerts import TELL, queue_alerts, tell_alert
from app.jobs.webhook import WebhookFailed
from app.jobs.worker import job_app, run_worker
from app.settings import Settings
from app.settings_outgoing import Alerts
from app.sites.config import Budget
from tests.app.jobs.receiver import Receiver, receiving
from tests.graph.scripted import WordEncoder
from tests.waiting import sooner_or_later

Sessions = async_sessionmaker[AsyncSession]
SECRET = "a secret of the tests, long enough"
GUIDE = Path(__file__).parents[3] / "docs" / "budgets.md"


async def reach(sessions: Sessions, *, usd: str = "8", site: str = "shop") -> list[UUID]:
    """Spend of 10 dollars a day; return the alerts."""
    async with sessions.begin() as session:
        found = await ensure_site(session, site)
        await add_spent(session, found.id, Decimal(usd), 1)
        await note_alerts(session, found.id, Budget(day_usd=Decimal(10)))
        return list(await session.scalars(select(Alert.id).where(Alert.site_id == found.id).order_by(Alert.share)))


async def untold(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).where(Alert.delivered_at.is_(None))) or 0


async def no_jobs(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return not await connection.scalar(text("SELECT count(*) FROM procrastinate_jobs"))


def telling(receiver: Receiver) -> Alerts:
    return Alerts.model_validate({"webhook": receiver.address(), "secret": SECRET})


def genuine(receiver: Receiver, secret: str = SECRET) -> list[bool]:
    """Check each request as the guide tells a receiver to."""
    (snippet,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(snippet, names)  # noqa: S102 - the guide's own example
    check = names["is_genuine"]
    assert callable(check)
    shown = ("parley-timestamp", "parley-signature")
    return [check(body, *(headers[name] for name in shown), secret) for _, headers, body in receiver.got]


async def test_a_receiver_can_check_what_it_is_told(engine: AsyncEngine, sessions: Sessions) -> None:
    half, more = await reach(sessions)
    async with receiving() as receiver:
        for alert in (half, more):
            await tell_alert(engine, telling(receiver), alert)

    assert genuine(receiver) == [True, True]
    assert genuine(receiver, "another secret") == [False, False]
    bodies = [json.loads(body) for _, _, body in receiver.got]
    assert [body["id"] for body in bodies] == [str(half), str(more)]
    assert [headers["parley-id"] for _, headers, _ in receiver.got] == [str(half), str(more)]
    told = ("type", "site", "period", "share", "budget_usd", "cost_usd")
    assert [bodies[1][name] for name in told] == ["budget.share_reached", "shop", "day", "0.8", "10", "8"]
    assert await untold(sessions) == 0


async def test_a_changed_or_an_old_message_is_not_genuine(engine: AsyncEngine, sessions: Sessions) -> None:
    (alert, *_) = await reach(sessions)
    async with receiving() as receiver:
        await tell_alert(engine, telling(receiver), alert)
    ((first, headers, body),) = receiver.got
    moment = headers["parley-timestamp"]
    old = str(int(moment) - 3600)
    receiver.got = [
        (first, headers, body.replace(b'"8"', b'"9"')),
        (first, headers | {"parley-timestamp": str(int(moment) + 1)}, body),
        (first, headers | {"parley-timestamp": old}, body),
        (first, headers | {"parley-signature": "v1="}, body),
        (first, headers, body),
    ]

    assert genuine(receiver) == [False, False, False, False, True]


async def test_what_was_taken_is_not_told_again(engine: AsyncEngine, sessions: Sessions) -> None:
    (alert, *_) = await reach(sessions)
    async with receiving() as receiver:
        for _ in range(2):
            await tell_alert(engine, telling(receiver), alert)

    assert len(receiver.got) == 1


async def test_what_was_not_taken_stays_to_be_told_under_the_same_id(engine: AsyncEngine, sessions: Sessions) -> None:
    (alert, *others) = await reach(sessions)
    async with receiving(500, 204) as receiver:
        with pytest.raises(WebhookFailed):
            await tell_alert(engine, telling(receiver), alert)
        assert await untold(sessions) == 1 + len(others)
        await tell_alert(engine, telling(receiver), alert)

    assert [headers["parley-id"] for _, headers, _ in receiver.got] == [str(alert)] * 2
    assert await untold(sessions) == len(others)


async def test_a_waiting_alert_has_one_job(engine: AsyncEngine, sessions: Sessions) -> None:
    await reach(sessions)
    app = job_app(engine)
    async with app.open_async():
        assert [await queue_alerts(app, engine) for _ in range(2)] == [2, 0]

        worker = await app.job_manager.register_worker()
        job = await app.job_manager.fetch_job(queues=None, worker_id=worker)
        assert job
        assert await queue_alerts(app, engine) == 0  # while one is being told
        await app.job_manager.retry_job(job)
        assert await queue_alerts(app, engine) == 0  # while it waits for its next try


async def test_an_alert_that_was_queued_twice_is_told_once(engine: AsyncEngine, sessions: Sessions) -> None:
    alerts = await reach(sessions)
    app = job_app(engine)
    async with app.open_async():
        for alert in alerts * 2:
            await app.configure_task(TELL, lock=f"alert {alert}").defer_async(alert_id=str(alert))
    stop = asyncio.Event()
    async with receiving() as receiver:
        running = asyncio.create_task(
            run_worker(engine, Settings(alerts=telling(receiver)), stop, encoder=WordEncoder(), concurrency=4)
        )
        try:
            await sooner_or_later(lambda: no_jobs(engine), most_s=30)
        finally:
            stop.set()
            await asyncio.wait_for(running, 30)

    assert sorted(headers["parley-id"] for _, headers, _ in receiver.got) == sorted(map(str, alerts))


async def test_the_worker_tells_them_and_tries_again_when_it_failed(
    engine: AsyncEngine, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.jobs.alerts.FIRST_WAIT_S", 1)
    await reach(sessions)
    app = job_app(engine)
    async with app.open_async():
        await app.configure_task("alerts:queue_alerts").defer_async(timestamp=0)
    stop = asyncio.Event()
    async with receiving(503, 204) as receiver:
        running = asyncio.create_task(
            run_worker(engine, Settings(alerts=telling(receiver)), stop, encoder=WordEncoder())
        )
        try:

            async def all_told() -> bool:
                return await untold(sessions) == 0

            await sooner_or_later(all_told, most_s=30)
        finally:
            stop.set()
            await asyncio.wait_for(running, 30)

    ids = [headers["parley-id"] for _, headers, _ in receiver.got]
    assert (len(ids), len(set(ids))) == (3, 2)
    assert all(genuine(receiver))


async def test_without_a_webhook_nothing_is_queued(engine: AsyncEngine, sessions: Sessions) -> None:
    await reach(sessions)
    app = job_app(engine)
    async with app.open_async():
        await app.configure_task("alerts:queue_alerts").defer_async(timestamp=0)
    stop = asyncio.Event()
    running = asyncio.create_task(run_worker(engine, Settings(), stop, encoder=WordEncoder()))
    try:
        await sooner_or_later(lambda: no_jobs(engine), most_s=30)
    finally:
        stop.set()
        await asyncio.wait_for(running, 30)

    assert await untold(sessions) == 2
