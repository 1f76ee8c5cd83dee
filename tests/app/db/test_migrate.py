import asyncio
import sys

import pytest
from alembic import command
from psycopg import AsyncConnection
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import make_engine
from app.db.migrate import LOCK, MigrationFailed, alembic_config, migrate, pending
from app.db.tables import Base

IN_A_PROCESS = """
import asyncio, sys
from app.db.engine import make_engine
from app.db.migrate import migrate

asyncio.run(migrate(make_engine(sys.argv[1], pool_size=3)))
"""


async def test_migrations_make_the_tables_that_the_code_expects(engine: AsyncEngine) -> None:
    def check(connection: Connection) -> None:
        command.check(alembic_config(connection))  # raises when autogenerate would write anything

    async with engine.connect() as connection:
        await connection.run_sync(check)


async def test_a_difference_between_code_and_migrations_is_noticed(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE messages DROP COLUMN notice"))

    with pytest.raises(Exception, match="notice"):
        await test_migrations_make_the_tables_that_the_code_expects(engine)


async def test_the_first_migration_can_be_taken_back_and_repeated(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(lambda c: command.downgrade(alembic_config(c), "base"))
        left = await connection.run_sync(lambda c: set(c.dialect.get_table_names(c)) & set(Base.metadata.tables))
    await migrate(engine)

    assert not left
    assert not await pending(engine)


async def test_an_empty_database_is_pending_until_it_is_migrated(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    try:
        before = await pending(engine)
        await migrate(engine)
        await migrate(engine)

        assert before
        assert not await pending(engine)
    finally:
        await engine.dispose()


@pytest.mark.slow
async def test_ten_processes_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", IN_A_PROCESS, empty_database_url) for _ in range(10)
    ]

    codes = [await process.wait() for process in started]

    engine = make_engine(empty_database_url)
    try:
        assert codes == [0] * 10
        assert not await pending(engine)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
            invalid = text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
            assert await connection.scalar(invalid) == 0
    finally:
        await engine.dispose()


async def test_a_table_in_use_stops_the_migration_with_a_sentence(engine: AsyncEngine, database_url: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM alembic_version"))
    async with await AsyncConnection.connect(database_url) as other:
        await other.execute("LOCK TABLE alembic_version")

        with pytest.raises(MigrationFailed, match="lock timeout.*run `parley migrate` again"):
            await migrate(engine)


async def test_a_failed_migration_lets_the_next_one_try(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM alembic_version"))  # so that tables exist that it wants to make
    with pytest.raises(MigrationFailed, match="already exists"):
        await migrate(engine)

    async with engine.connect() as connection:
        assert await connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK})"))
