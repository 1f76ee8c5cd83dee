"""A number for this process that the database knows to be alive: it holds an advisory lock under it."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.messages import LOCK_CLASS

WATCH_S = 2.0
"""How often the lock's connection is looked at; one that broke is replaced by another with the same lock."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def owner_lock(engine: AsyncEngine) -> AsyncIterator[int]:
    """Yield this process's number, in the range of a PostgreSQL integer, and hold its lock meanwhile.

    When the process dies, its connection does, too, and the lock is free: so others learn that its answers are cut.
    """
    number = secrets.randbelow(2**31)
    held = asyncio.Event()
    holding = asyncio.create_task(_hold(engine, number, held))
    waiting = asyncio.create_task(held.wait())
    try:
        await asyncio.wait({holding, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if holding.done():
            holding.result()
        yield number
    finally:
        waiting.cancel()
        holding.cancel()
        await asyncio.gather(holding, waiting, return_exceptions=True)


async def _hold(engine: AsyncEngine, number: int, held: asyncio.Event) -> None:
    while True:
        try:
            async with engine.connect() as connection:
                connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
                try:
                    await connection.execute(
                        text("SELECT pg_advisory_lock(:first, :second)"), {"first": LOCK_CLASS, "second": number}
                    )
                    held.set()
                    while True:
                        await asyncio.sleep(WATCH_S)
                        await connection.execute(text("SELECT 1"))
                finally:
                    await connection.invalidate()  # back in the pool, it would go on holding the lock
        except (DBAPIError, NoConnectionFree):
            if not held.is_set():
                raise
            log.warning("the connection that shows this process alive broke; taking another")
            await asyncio.sleep(WATCH_S)
