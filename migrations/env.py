"""What Alembic runs: on the connection that `app.db.migrate` hands in or, from Alembic's command line, on our own."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection

from app.db.engine import open_database
from app.db.tables import Base
from app.settings import load_settings

NOT_OURS = ("checkpoint", "procrastinate_")
"""Beginnings of the names of tables that LangGraph and procrastinate make and upgrade themselves."""


def ours(name: str | None, kind: str, _: Any) -> bool:
    """Whether an object of the database is to be compared with the tables of `app.db.tables`."""
    return kind != "table" or name is None or not name.startswith(NOT_OURS)


def run(connection: Connection) -> None:
    """Run what was asked of Alembic in one transaction."""
    context.configure(connection, target_metadata=Base.metadata, include_name=ours)
    with context.begin_transaction():
        context.run_migrations()


async def run_by_hand() -> None:
    """Serve `alembic revision` and the like on the database of the settings."""
    async with open_database(load_settings(), command="alembic") as engine, engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(run_by_hand())
