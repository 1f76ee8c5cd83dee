"""Removes, once an hour, what is older than its site keeps it, and looks after the audit log."""

import logging
from datetime import UTC, datetime

from procrastinate import Blueprint, JobContext
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.audit_watch import check_audit_log
from app.db.audit import AuditBroken
from app.db.tables import AuditRecord
from app.jobs.context import ENGINE, SETTINGS
from app.retention import Counts, enforce, overdue
from app.secret import secret_of
from app.settings import Settings

log = logging.getLogger(__name__)


def keeping() -> Blueprint:
    """The tasks. New for each app, because an app renames what it is given."""
    tasks = Blueprint()

    @tasks.periodic(cron="41 * * * *")
    @tasks.task(name="retain", queueing_lock="retain", lock="retain", pass_context=True)
    async def _retain(context: JobContext, timestamp: int) -> None:
        given = context.additional_context
        await retain(given[ENGINE], given[SETTINGS], datetime.now(UTC))

    @tasks.periodic(cron="23 * * * *")
    @tasks.task(name="check_audit_log", queueing_lock="check_audit_log", pass_context=True)
    async def _check(context: JobContext, timestamp: int) -> None:
        given = context.additional_context
        await watch(given[ENGINE], given[SETTINGS])

    return tasks


async def watch(engine: AsyncEngine, settings: Settings) -> None:
    """Check the audit log and put its last record into the log of the process, where it is out of the database."""
    async with AsyncSession(engine) as session:
        if not await session.scalar(select(exists(select(AuditRecord.number)))):
            return
        try:
            head = await check_audit_log(session, settings)
        except AuditBroken as broken:
            log.error("the audit log is broken: %s", broken)
        else:
            log.info("the audit log is whole", extra={"record": str(head)})


async def retain(engine: AsyncEngine, settings: Settings, now: datetime) -> Counts:
    """Do what is due. The secret, which the audit log needs, is asked for only where something is."""
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    if not await overdue(sessions, now):
        return {}
    return await enforce(sessions, secret_of(settings), now, actor="worker")
