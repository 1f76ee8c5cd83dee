import asyncio
import multiprocessing

import psycopg
import pytest
from alembic import command
from psycopg import AsyncConnection
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import make_engine
from app.db.migrate import LOCK, MigrationFailed, alembic_config, migrate, pending
from app.db.tables import Base


def migrate_in_this_process(url: str) -> None:
    asyncio.run(migrate(make_engine(url, pool_size=3)))


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
def test_ten_processes_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    processes = multiprocessing.get_context("fork")  # the imports of ten new interpreters would be most of the test
    started = [processes.Process(target=migrate_in_this_process, args=(empty_database_url,)) for _ in range(10)]
    for process in started:
        process.start()
    for process in started:
        process.join()

    with psycopg.connect(empty_database_url) as connection:
        versions = connection.execute("SELECT count(*) FROM alembic_version").fetchone()
        invalid = connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()
    assert [process.exitcode for process in started] == [0] * 10
    assert versions == (1,)
    assert invalid == (0,)


async def test_a_table_that_somebody_holds_stops_the_migration_with_a_sentence(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.migrate.LOCK_TIMEOUT", "100ms")
    engine = make_engine(empty_database_url)
    async with await AsyncConnection.connect(empty_database_url) as other:
        await other.execute("CREATE TABLE sites ()")

        with pytest.raises(MigrationFailed, match=r"lock timeout.*run `parley migrate` again"):
            await migrate(engine)
    await engine.dispose()


async def test_a_failed_migration_lets_the_next_one_try(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM alembic_version"))  # so that tables exist that it wants to make
    with pytest.raises(MigrationFailed, match="already exists"):
        await migrate(engine)

    async with engine.connect() as connection:
        assert await connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK})"))


async def test_the_tables_of_a_newer_version_are_refused_with_a_sentence(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(MigrationFailed, match="newer Parley"):
        await migrate(engine)
