"""Hears what other processes tell through the database: one connection that listens on channels."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

BEAT_S = 0.7
"""How often the connection is seen to be alive."""
FRESH_S = 1.8
"""How long after it was seen alive nothing can have been missed for longer than the two seconds that we promise."""
RETRY_S = 0.5

Heard = Callable[[str], None]
log = logging.getLogger(__name__)


class Listener:
    """Calls who asked for it whenever something is told on a channel; see `tell`.

    A server runs it as long as it serves. Where it does not run, `fresh` is never true.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._heard: defaultdict[str, list[Heard]] = defaultdict(list)
        self._anew: list[Callable[[], None]] = []
        self._alive_at = 0.0

    @property
    def fresh(self) -> bool:
        """Whether everything told up to two seconds ago has been heard."""
        return time.monotonic() - self._alive_at < FRESH_S

    def on(self, channel: str, heard: Heard, *, anew: Callable[[], None] | None = None) -> None:
        """Have `heard` called with every payload of a channel, and `anew` when some may have been missed.

        Channels are named before `run` begins.
        """
        self._heard[channel].append(heard)
        if anew:
            self._anew.append(anew)

    async def run(self) -> None:
        """Listen until cancelled; a connection that breaks is replaced."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError):
                log.warning("the connection that hears other processes broke; taking another")
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._address, autocommit=True) as connection:
            for channel in self._heard:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            for anew in self._anew:
                anew()
            while True:
                self._alive_at = time.monotonic()
                async for note in connection.notifies(timeout=BEAT_S):
                    self._pass_on(note.channel, note.payload)
                async with asyncio.timeout(FRESH_S):
                    await connection.execute("SELECT 1")

    def _pass_on(self, channel: str, payload: str) -> None:
        for heard in self._heard[channel]:
            try:
                heard(payload)
            except Exception:  # whoever it was for: the others go on hearing
                log.exception("what another process told could not be used", extra={"channel": channel})


async def tell(session: AsyncSession, channel: str, payload: str) -> None:
    """Tell all processes something, if and when the caller's transaction is committed."""
    await session.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})
