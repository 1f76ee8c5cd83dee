"""A number for this process that the database knows to be alive: it holds an advisory lock under it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.messages import LOCK_CLASS


@asynccontextmanager
async def owner_lock(engine: AsyncEngine) -> AsyncIterator[int]:
    """Yield this process's number, in the range of a PostgreSQL integer, and hold its lock meanwhile.

    When the process dies, its connection does, too, and the lock is free: so others learn that its answers are cut.
    """
    number = secrets.randbelow(2**31)
    async with engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(
            text("SELECT pg_advisory_lock(:first, :second)"), {"first": LOCK_CLASS, "second": number}
        )
        yield number
