"""Bringing a database up to date: our tables by Alembic, LangGraph's and procrastinate's by their own means."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from procrastinate.schema import SchemaManager
from psycopg.rows import DictRow, dict_row
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import raw_url
from graph.errors import ParleyError

MIGRATIONS = Path(__file__).parents[2] / "migrations"
LOCK = 0x7061_726C_6579
TURN_S = 300
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "300s"


class MigrationFailed(ParleyError):
    """The database could not be brought up to date; correct what is named and run `parley migrate` again."""


async def migrate(engine: AsyncEngine) -> None:
    """Make every table that is missing and upgrade those that are old. One process at a time; again is harmless.

    Raises:
        MigrationFailed: a table is locked by somebody else, a statement failed, another migration takes too long, or
            the tables are those of a newer version.
    """
    if not await pending(engine):
        return
    try:
        async with _turn(engine):
            async with engine.begin() as connection:
                # A table that is in use is waited for briefly: who waits for it blocks all who come after.
                await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
                await connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
                await connection.run_sync(_upgrade)
            async with _raw(engine) as plain:
                await AsyncPostgresSaver(plain).setup()
                await _set_up_jobs(plain)
    except CommandError as error:
        raise MigrationFailed(
            "The tables were made by a newer Parley than this one; use that, or restore the backup of the older."
        ) from error
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        raise MigrationFailed(f"The database could not be migrated ({reason}); run `parley migrate` again.") from error


async def pending(engine: AsyncEngine) -> bool:
    """Whether `migrate` has something to do."""
    async with engine.connect() as connection:
        if not await connection.run_sync(_is_head):
            return True
        tables = text(
            "SELECT to_regclass('checkpoint_migrations') IS NULL OR to_regclass('procrastinate_jobs') IS NULL"
        )
        if await connection.scalar(tables):
            return True
        done = await connection.scalar(text("SELECT coalesce(max(v), -1) FROM checkpoint_migrations"))
        return bool(done < len(AsyncPostgresSaver.MIGRATIONS) - 1)


def alembic_config(connection: Connection | None = None) -> Config:
    """What Alembic needs to know; `connection` is the one that it is to use."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


def _is_head(connection: Connection) -> bool:
    heads = ScriptDirectory.from_config(alembic_config()).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)


@asynccontextmanager
async def _turn(engine: AsyncEngine) -> AsyncIterator[None]:
    """Hold the lock that makes this the only migration.

    It is tried for, not waited for: a waiting statement would hold a snapshot, and LangGraph's concurrent index builds
    wait for every snapshot to go.
    """
    async with engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        deadline = time.monotonic() + TURN_S
        while not await connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK})")):
            if time.monotonic() > deadline:
                raise MigrationFailed("Another process has been migrating the database for minutes; see to it first.")
            await asyncio.sleep(0.1)
        try:
            yield
        finally:
            await connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))


@asynccontextmanager
async def _raw(engine: AsyncEngine) -> AsyncIterator[psycopg.AsyncConnection[DictRow]]:
    async with await psycopg.AsyncConnection.connect(
        raw_url(engine), autocommit=True, prepare_threshold=None, row_factory=dict_row
    ) as connection:
        await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'; SET statement_timeout = '{STATEMENT_TIMEOUT}'")
        yield connection


async def _set_up_jobs(connection: psycopg.AsyncConnection[DictRow]) -> None:
    """Make procrastinate's objects, whose script cannot run twice. As one message it is one transaction."""
    found = await connection.execute("SELECT to_regclass('procrastinate_jobs') IS NULL AS missing")
    row = await found.fetchone()
    if row and row["missing"]:
        await connection.execute(SchemaManager.get_schema())
