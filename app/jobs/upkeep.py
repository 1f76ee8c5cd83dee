"""What is done every so often to keep the records true and small."""

import logging
from datetime import timedelta

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from procrastinate import Blueprint, JobContext
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.db.cache import forget_old_answers
from app.db.engine import raw_url
from app.db.member_links import forget_old_links
from app.db.member_sessions import forget_old_sessions
from app.db.messages import mark_cut
from app.db.openid import forget_old_flows
from app.db.rates import forget_old_rates
from app.jobs.context import ENGINE

log = logging.getLogger(__name__)

KEEP_CHECKPOINTS = timedelta(days=1)
BATCH = 1000
MOST_ATTEMPTS = 3


def upkeep() -> Blueprint:
    """The periodic tasks. New for each app, because an app renames what it is given."""
    tasks = Blueprint()

    @tasks.periodic(cron="* * * * *")
    @tasks.task(name="rescue_jobs", queueing_lock="rescue_jobs", pass_context=True)
    async def _rescue(context: JobContext, timestamp: int) -> None:
        await rescue_jobs(context.app.job_manager)

    @tasks.periodic(cron="* * * * *")
    @tasks.task(name="mark_cut_answers", queueing_lock="mark_cut_answers", pass_context=True)
    async def _mark(context: JobContext, timestamp: int) -> None:
        await mark_cut_answers(context.additional_context[ENGINE])

    @tasks.periodic(cron="*/30 * * * *")
    @tasks.task(name="forget_old_checkpoints", queueing_lock="forget_old_checkpoints", pass_context=True)
    async def _forget(context: JobContext, timestamp: int) -> None:
        await forget_old_checkpoints(context.additional_context[ENGINE])

    @tasks.periodic(cron="17 * * * *")
    @tasks.task(name="forget_old_records", queueing_lock="forget_old_records", pass_context=True)
    async def _clear(context: JobContext, timestamp: int) -> None:
        await forget_old_records(context.additional_context[ENGINE])

    return tasks


async def rescue_jobs(jobs: JobManager) -> int:
    """Queue the jobs of workers that have shown no life for half a minute again; return how many.

    A job that took its worker with it `MOST_ATTEMPTS` times is marked as failed instead.
    """
    rescued = 0
    for job in await jobs.get_stalled_jobs():
        # Only a job's end counts as an attempt, so the running one is added.
        if job.attempts + 1 >= MOST_ATTEMPTS:
            await jobs.finish_job(job, Status.FAILED, delete_job=False)
            log.error("a job ended its worker again and again", extra={"job": job.id, "task": job.task_name})
        else:
            try:
                await jobs.retry_job(job)
            except UniqueViolation:  # its successor is queued already
                await jobs.finish_job(job, Status.FAILED, delete_job=False)
                continue
            rescued += 1
    return rescued


async def mark_cut_answers(engine: AsyncEngine) -> int:
    """Mark the open answers of processes that are no longer alive as cut; return how many."""
    async with AsyncSession(engine) as session, session.begin():
        return await mark_cut(session)


async def forget_old_checkpoints(engine: AsyncEngine, *, older_than: timedelta = KEEP_CHECKPOINTS) -> int:
    """Remove the checkpoints of threads whose last is older than `older_than`; return how many threads there were."""
    async with engine.connect() as connection:
        found = await connection.scalars(
            text(
                "SELECT thread_id FROM checkpoints GROUP BY thread_id "
                "HAVING max((checkpoint->>'ts')::timestamptz) < now() - CAST(:age AS interval) LIMIT :batch"
            ),
            {"age": older_than, "batch": BATCH},
        )
        threads = found.all()
    async with AsyncPostgresSaver.from_conn_string(raw_url(engine)) as saver:
        for thread in threads:
            await saver.adelete_thread(thread)
    return len(threads)


async def forget_old_records(engine: AsyncEngine) -> None:
    """Remove what nobody can use any more: windows of limits, links, sign-ins, sessions, answers from old documents."""
    for forget in (forget_old_rates, forget_old_flows, forget_old_links, forget_old_sessions, forget_old_answers):
        async with AsyncSession(engine) as session, session.begin():
            await forget(session)
