"""The database of the tests: a real server for each worker, a migrated template, a clone of it for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import pytest_socket
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.embedded import embedded_server
from app.db.engine import make_engine
from app.db.migrate import migrate
from app.vault.open import secret_master
from app.vault.vault import Vault

hypothesis.settings.register_profile("parley", deadline=None)  # speed belongs in the bench, not in tests
hypothesis.settings.load_profile("parley")

TEMPLATE = "parley_template"
SECRET = b"a secret of the tests, long enough"


@pytest.fixture(autouse=True)
def _local_sockets_only() -> Iterator[None]:
    """No test talks to another machine: loopback and sockets in the file system only."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    pytest_socket._remove_restrictions()  # noqa: SLF001 - it has no public way to lift what `socket_allow_hosts` set


@pytest.fixture(scope="session")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder below which this worker's server keeps everything."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def server_url(server_home: Path) -> Iterator[str]:
    """Address of this worker's server, with superuser rights."""
    with embedded_server(server_home, command="pytest") as url:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            _administer(url, f"ALTER SYSTEM SET {setting} = off")  # nothing here need survive a crash of the machine
        _administer(url, "SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session")
def template_database(server_url: str) -> str:
    """Name of a migrated database that nobody is connected to."""

    async def make() -> None:
        engine = make_engine(_of_database(server_url, TEMPLATE))
        await migrate(engine)
        await engine.dispose()

    _administer(server_url, f"CREATE DATABASE {TEMPLATE}")
    asyncio.run(make())
    return TEMPLATE


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """Address of a database without any tables."""
    yield from _database(server_url, "template1")


@pytest.fixture
def database_url(server_url: str, template_database: str) -> Iterator[str]:
    """Address of a migrated, empty database of this test alone."""
    yield from _database(server_url, template_database)


@pytest.fixture(scope="module")
def module_database_url(server_url: str, template_database: str) -> Iterator[str]:
    """Address of a migrated, empty database of this module's tests in this process."""
    yield from _database(server_url, template_database)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on this test's database."""
    engine = make_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions on this test's database."""
    return async_sessionmaker(engine, expire_on_commit=False, info=Vault(secret_master(SECRET)).info)


def _database(server_url: str, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    _administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield _of_database(server_url, name)
    finally:
        _administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def _of_database(server_url: str, name: str) -> str:
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


def _administer(server_url: str, statement: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(statement.encode())
