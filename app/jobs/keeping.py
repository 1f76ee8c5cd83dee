"""Removes, once an hour, what is older than its site keeps it."""

from datetime import UTC, datetime

from procrastinate import Blueprint, JobContext
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.jobs.context import ENGINE, SETTINGS
from app.retention import Counts, enforce, overdue
from app.secret import secret_of
from app.settings import Settings


def keeping() -> Blueprint:
    """The task. New for each app, because an app renames what it is given."""
    tasks = Blueprint()

    @tasks.periodic(cron="41 * * * *")
    @tasks.task(name="retain", queueing_lock="retain", lock="retain", pass_context=True)
    async def _retain(context: JobContext, timestamp: int) -> None:
        given = context.additional_context
        await retain(given[ENGINE], given[SETTINGS], datetime.now(UTC))

    return tasks


async def retain(engine: AsyncEngine, settings: Settings, now: datetime) -> Counts:
    """Do what is due. The secret, which the audit log needs, is asked for only where something is."""
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    if not await overdue(sessions, now):
        return {}
    return await enforce(sessions, secret_of(settings), now, actor="worker")
