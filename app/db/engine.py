"""The connection to PostgreSQL: our own server or the one of `DATABASE_URL`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import URL, event, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from app.db.embedded import embedded_server
from app.settings import Settings
from graph.errors import ConfigError

CONNECT_S = 10
POOL_WAIT_S = 15
UNREADABLE = "DATABASE_URL cannot be read; write it as postgresql://user:password@host:5432/name."
LEAST_PGVECTOR = (0, 7)
"""The first with the half-precision vectors that the embeddings are kept in."""


@asynccontextmanager
async def open_database(settings: Settings, *, command: str, exclusive: bool = False) -> AsyncIterator[AsyncEngine]:
    """Yield an engine whose database has been reached and has pgvector, and close it on leaving.

    With no address in the settings, our own server runs for as long as the engine is open.

    Args:
        command: how this process calls itself, for a second one that finds the embedded data held.
        exclusive: whether this process is a server, which shares the embedded data with no other server.

    Raises:
        ConfigError: the database cannot be reached or used, in one sentence that says what to do.
    """
    async with AsyncExitStack() as stack:
        if settings.database.url is not None:
            address = settings.database.url.get_secret_value()
        else:
            server = embedded_server(settings.home, command=command, exclusive=exclusive)
            address = await asyncio.to_thread(server.__enter__)
            stack.push_async_callback(asyncio.to_thread, server.__exit__, None, None, None)
        engine = make_engine(
            address,
            pool_size=settings.database.pool_size,
            statement_timeout_s=settings.database.statement_timeout_s,
        )
        stack.push_async_callback(engine.dispose)
        await check(engine)
        yield engine


def make_engine(address: str, *, pool_size: int = 10, statement_timeout_s: float = 15) -> AsyncEngine:
    """Make an engine for a libpq address: a URL or `key=value` pairs. All that libpq knows may stand in it.

    Connects to nothing yet. Connections that died while they were idle are replaced without an error.

    Raises:
        ConfigError: the address cannot be read.
    """
    try:
        options: dict[str, Any] = conninfo_to_dict(address, **_defaults(address))
    except psycopg.ProgrammingError:
        # The error may quote the address, whose password belongs in no log.
        raise ConfigError(UNREADABLE) from None
    url = URL.create(
        "postgresql+psycopg",
        username=options.pop("user", None),
        password=options.pop("password", None),
        database=options.pop("dbname", None),
        query={name: str(value) for name, value in options.items() if value is not None},
    )
    try:
        engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_S,
            pool_pre_ping=True,
            hide_parameters=True,  # errors are logged, and among the parameters are texts and personal data
        )
    except ArgumentError:
        raise ConfigError(UNREADABLE) from None

    # By a statement, not a start-up parameter, which connection poolers refuse.
    @event.listens_for(engine.sync_engine, "connect")
    def bound_statements(connection: Any, _: ConnectionPoolEntry) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {int(statement_timeout_s * 1000)}")
        connection.commit()

    return engine


def raw_url(engine: AsyncEngine) -> str:
    """The engine's address as psycopg takes it, password included; never log it."""
    url = engine.url
    options = {name: str(value) for name, value in url.query.items()}
    return make_conninfo("", user=url.username, password=url.password, dbname=url.database, **options)


async def check(engine: AsyncEngine) -> None:
    """Reach the database once.

    Raises:
        ConfigError: it cannot be reached, refuses the account, or has no pgvector that is new enough.
    """
    try:
        async with engine.connect() as connection:
            version = await connection.scalar(
                text("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
            )
    except DBAPIError as error:
        raise ConfigError(_explain(engine, str(error.orig))) from None
    where = _where(engine)
    if version is None:
        raise ConfigError(f"The PostgreSQL at {where} has no pgvector; install that extension on its machine.")
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_PGVECTOR:
        raise ConfigError(f"The PostgreSQL at {where} has pgvector {version}; install 0.7 or newer.")


def _defaults(address: str) -> dict[str, Any]:
    given = conninfo_to_dict(address)
    defaults = {"connect_timeout": CONNECT_S, "application_name": "parley"}
    return {name: value for name, value in defaults.items() if name not in given}


def _where(engine: AsyncEngine) -> str:
    query = engine.url.query
    if "service" in query:
        return f"service {query['service']}"
    return f"{query.get('host', 'the default socket')}:{query.get('port', 5432)}"


def _explain(engine: AsyncEngine, reason: str) -> str:
    """Say what to do about a failed connection. libpq gives no codes for these, so its words decide."""
    where, user = _where(engine), engine.url.username
    if "password authentication failed" in reason or "no password supplied" in reason:
        return f"The PostgreSQL at {where} refused the password of {user}; correct it in DATABASE_URL."
    if "does not exist" in reason and f'"{engine.url.database}"' in reason:
        return f"The PostgreSQL at {where} has no database {engine.url.database}; create it or correct DATABASE_URL."
    lines = [line for line in reason.splitlines() if line.strip() and "Is the server running" not in line]
    why = lines[-1].rpartition("failed: ")[2].strip().rstrip(".") if lines else "no answer"
    return f"The PostgreSQL at {where} cannot be used; check DATABASE_URL and that it is running ({why})."
