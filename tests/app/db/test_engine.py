from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.embedded import embedded_server
from app.db.engine import check, make_engine, open_database, raw_url
from app.settings import Database, Settings
from graph.errors import ConfigError


def settings_for(url: str, home: Path) -> Settings:
    return Settings(home=home, database=Database(url=SecretStr(url)))


async def test_an_address_is_used_and_no_server_of_our_own_started(database_url: str, tmp_path: Path) -> None:
    async with open_database(settings_for(database_url, tmp_path), command="pytest") as engine, engine.connect() as c:
        assert await c.scalar(text("SELECT current_database()")) in database_url
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240 - a test may wait for the disk


@pytest.mark.slow
async def test_without_an_address_our_own_server_runs_meanwhile(tmp_path: Path) -> None:
    async with open_database(Settings(home=tmp_path), command="pytest") as engine, engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
        address = raw_url(engine)

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address)


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("postgres://u:p%40ss@h:6432/d", {"user": "u", "password": "p@ss", "host": "h", "port": "6432", "dbname": "d"}),
        (
            "postgresql://u@h/d?sslmode=verify-full&sslrootcert=/c%20a.pem",
            {"sslmode": "verify-full", "sslrootcert": "/c a.pem"},
        ),
        (
            "postgresql://a:1,b:2/d?target_session_attrs=read-write",
            {"host": "a,b", "port": "1,2", "target_session_attrs": "read-write"},
        ),
        ("postgresql://?service=shop", {"service": "shop"}),
        ("host=h dbname=d application_name=shop", {"host": "h", "dbname": "d", "application_name": "shop"}),
        ("postgresql://h/d?connect_timeout=3", {"connect_timeout": "3"}),
    ],
)  # fmt: skip
def test_all_that_libpq_knows_survives(address: str, options: dict[str, str]) -> None:
    kept = conninfo_to_dict(raw_url(make_engine(address)))

    assert options.items() <= {name: str(value) for name, value in kept.items()}.items()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("mysql://u:s3cret@h/d", "DATABASE_URL cannot be read; write it as"),
        ("postgresql://u:s3cret@h:port/d", "DATABASE_URL cannot be read; write it as"),
        ("postgresql://u:s3cret@127.0.0.1:1/d", r"127.0.0.1:1 cannot be used; .* is running \(Connection refused\)"),
        ("postgresql://u:s3cret@h.invalid/d", r"h.invalid:5432 cannot be used; check DATABASE_URL"),
        ("postgresql://u:s3cret@/d?service=nowhere", r"service nowhere cannot be used"),
    ],
)
async def test_an_address_that_leads_nowhere_is_explained(tmp_path: Path, address: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as refused:
        async with open_database(settings_for(address, tmp_path), command="pytest"):
            pytest.fail("it was opened")
    assert "s3cret" not in str(refused.value)


async def test_a_missing_database_is_named(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no database nothing; create it or correct DATABASE_URL"):
        await check(make_engine(conninfo_to_url(database_url, dbname="nothing")))


@pytest.mark.slow
async def test_a_wrong_password_is_said_to_be_wrong(tmp_path: Path) -> None:
    with embedded_server(tmp_path, command="pytest") as url:
        rules = tmp_path / "postgres" / "data" / "pg_hba.conf"
        rules.write_text("local all locked scram-sha-256\nlocal all all trust\n")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
            connection.execute("SELECT pg_reload_conf()")

        with pytest.raises(ConfigError, match="refused the password of locked; correct it in DATABASE_URL"):
            await check(make_engine(conninfo_to_url(url, user="locked", password="wrong")))
        await check(make_engine(conninfo_to_url(url, user="locked", password="right")))


@pytest.mark.parametrize(
    ("versions", "sentence"),
    [("WHERE false", "has no pgvector; install"), ("", "has pgvector 0.5.1; install 0.7 or newer")],
    ids=["missing", "old"],
)
async def test_a_server_without_a_usable_pgvector_is_refused(database_url: str, versions: str, sentence: str) -> None:
    with psycopg.connect(database_url) as connection:
        # Found before PostgreSQL's own view of that name by the search path below.
        view = f"CREATE VIEW pg_available_extensions AS SELECT 'vector' AS name, '0.5.1' AS default_version {versions}"
        connection.execute(("SET search_path = public; " + view).encode())

    engine = make_engine(conninfo_to_url(database_url, options="-c search_path=public,pg_catalog"))
    with pytest.raises(ConfigError, match=sentence):
        await check(engine)
    await engine.dispose()


async def test_dead_connections_are_replaced_without_an_error(engine: AsyncEngine, database_url: str) -> None:
    async with engine.connect() as connection:
        before = await connection.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [before])

    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT pg_backend_pid()")) != before


async def test_a_statement_that_takes_too_long_is_ended(database_url: str) -> None:
    engine = make_engine(database_url, statement_timeout_s=0.05)
    with pytest.raises(OperationalError, match="statement timeout"):
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_sleep(5)"))
    await engine.dispose()


def conninfo_to_url(url: str, **changes: str) -> str:
    """The address with some of its parts changed, as a URL."""
    options = {name: str(value) for name, value in conninfo_to_dict(url).items()} | changes
    return "postgresql://?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
