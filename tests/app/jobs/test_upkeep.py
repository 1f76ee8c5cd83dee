from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute

from app.db.engine import raw_url
from app.db.member_sessions import FORGOTTEN_AFTER
from app.db.messages import NewMessage, begin_turn
from app.db.tables import Member, MemberLink, MemberSession, Message, OpenIdFlow, Rate, Site, User
from app.jobs.upkeep import (
    MOST_ATTEMPTS,
    forget_old_checkpoints,
    forget_old_records,
    mark_cut_answers,
    rescue_jobs,
)
from app.jobs.worker import job_app
from app.owner import owner_lock


async def save_checkpoint(saver: AsyncPostgresSaver, thread: str, when: datetime) -> None:
    checkpoint = empty_checkpoint() | {"ts": when.isoformat(), "channel_versions": {"question": "1"}}
    checkpoint["channel_values"] = {"question": "how?"}
    config: RunnableConfig = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    await saver.aput(config, checkpoint, {}, {"question": "1"})


async def test_only_threads_that_rest_for_a_day_are_forgotten(engine: AsyncEngine) -> None:
    now = datetime.now(UTC)
    async with AsyncPostgresSaver.from_conn_string(raw_url(engine)) as saver:
        await save_checkpoint(saver, "old", now - timedelta(days=2))
        await save_checkpoint(saver, "taken up again", now - timedelta(days=2))
        await save_checkpoint(saver, "taken up again", now - timedelta(hours=1))

    forgotten = await forget_old_checkpoints(engine)

    async with engine.connect() as connection:
        left = await connection.scalars(
            text("SELECT thread_id FROM checkpoints UNION SELECT thread_id FROM checkpoint_blobs")
        )
        assert left.all() == ["taken up again"]
    assert forgotten == 1


@pytest.mark.parametrize("alive", [True, False], ids=["living process", "dead process"])
async def test_open_answers_of_dead_processes_are_marked_as_cut(
    engine: AsyncEngine, sessions: async_sessionmaker[AsyncSession], *, alive: bool
) -> None:
    async with owner_lock(engine) as owner:
        async with sessions.begin() as session:
            site = Site(name="shop")
            session.add(site)
            await session.flush()
            user = User(site_id=site.id, identifier="guest")
            session.add(user)
            await session.flush()
            message = NewMessage(uuid4(), site.id, user.id, uuid4(), "How?")
            answer = await begin_turn(session, message, owner=owner if alive else owner ^ 1)

        await mark_cut_answers(engine)

        async with sessions() as session:
            status = await session.scalar(select(Message.status).where(Message.id == answer))
    assert status == ("open" if alive else "cut")


@pytest.mark.parametrize(
    ("deaths", "status"), [(1, "todo"), (MOST_ATTEMPTS, "failed")], ids=["first time", "again and again"]
)
async def test_a_job_whose_worker_died_is_queued_again_but_not_for_ever(
    engine: AsyncEngine, deaths: int, status: str
) -> None:
    app = job_app(engine)
    async with app.open_async():
        number = await app.configure_task("upkeep:rescue_jobs").defer_async(timestamp=0)
        for _ in range(deaths):
            worker = await app.job_manager.register_worker()
            job = await app.job_manager.fetch_job(queues=None, worker_id=worker)
            assert job
            async with engine.begin() as connection:
                await connection.execute(
                    text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
                )
            await rescue_jobs(app.job_manager)

        assert (await app.job_manager.get_job_status_async(number)).value == status


async def test_a_dead_job_whose_successor_is_queued_already_is_given_up(engine: AsyncEngine) -> None:
    app = job_app(engine)
    async with app.open_async():
        task = app.configure_task("upkeep:rescue_jobs", queueing_lock="one")
        dead = await task.defer_async(timestamp=0)
        await app.job_manager.fetch_job(queues=None, worker_id=await app.job_manager.register_worker())
        successor = await task.defer_async(timestamp=1)
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
            )

        assert await rescue_jobs(app.job_manager) == 0

        statuses = [(await app.job_manager.get_job_status_async(number)).value for number in (dead, successor)]
    assert statuses == ["failed", "todo"]


async def test_a_job_of_a_living_worker_is_left_alone(engine: AsyncEngine) -> None:
    app = job_app(engine)
    async with app.open_async():
        await app.configure_task("upkeep:rescue_jobs").defer_async(timestamp=0)
        await app.job_manager.fetch_job(queues=None, worker_id=await app.job_manager.register_worker())

        assert await rescue_jobs(app.job_manager) == 0


async def test_what_nobody_can_use_any_more_is_forgotten_and_all_else_stays(
    engine: AsyncEngine, sessions: async_sessionmaker[AsyncSession]
) -> None:
    now, soon, before = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (0, 5, -5))
    long_ago = now - FORGOTTEN_AFTER - timedelta(hours=1)
    member = Member(id=uuid4(), email="ada@example.com", display_name="Ada", role="staff")

    def link(name: str, *, expires_at: datetime = soon, used_at: datetime | None = None) -> MemberLink:
        used = {"expires_at": expires_at, "used_at": used_at}
        return MemberLink(token_hash=name.encode(), purpose="invite", member_id=member.id, **used)

    def signed_in(name: str, *, expires_at: datetime = soon, ended_at: datetime | None = None) -> MemberSession:
        common = {"member_id": member.id, "token_hash": name.encode(), "method": "password", "address": ""}
        return MemberSession(**common, browser=name, expires_at=expires_at, ended_at=ended_at)

    def flow(name: str, expires_at: datetime) -> OpenIdFlow:
        return OpenIdFlow(state_hash=name.encode(), nonce="", verifier="", next_path=name, expires_at=expires_at)

    async with sessions.begin() as session:
        session.add(member)
        session.add_all(Rate(key=f"ends {at}", window_start=before, count=1, ends_at=at) for at in (soon, before))
        session.add_all([flow("under way", soon), flow("nobody came back", before)])
        session.add_all([link("new"), link("too old", expires_at=before), link("used", used_at=before)])
        session.add_all([signed_in("now"), signed_in("just out of time", expires_at=before)])
        session.add_all([signed_in("just ended", ended_at=before), signed_in("of old", expires_at=long_ago)])
        session.add(signed_in("ended of old", ended_at=long_ago))

    await forget_old_records(engine)

    async def left(column: InstrumentedAttribute[Any]) -> set[object]:
        async with sessions() as session:
            return set(await session.scalars(select(column)))

    assert await left(Rate.ends_at) == {soon}
    assert await left(OpenIdFlow.next_path) == {"under way"}
    assert await left(MemberLink.token_hash) == {b"new"}
    assert await left(MemberSession.browser) == {"now", "just out of time", "just ended"}
    assert await left(Member.id) == {member.id}
