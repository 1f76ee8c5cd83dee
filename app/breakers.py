"""The breakers of all routes, shared by all processes through the database."""

import asyncio
import logging
import time
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.breakers import CHANGED, close_breaker, count_failure, may_probe, open_breaker, read_breakers
from app.db.listen import Listener
from graph.errors import KeyRefused, ModelFault
from graph.models.breaker import counts, pause_s

KEPT_S = 1.0
"""How long what was read holds where no other process can be heard."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    reason: str
    open_until: float | None
    """By this process's monotonic clock; None while the route is still asked."""


class SharedBreakers:
    """Implements `graph.context.Breakers`. A route that is well costs no statement.

    An answer does not fail because the breakers cannot be read or written: routes are asked as if they were well.
    """

    def __init__(self, sessions: async_sessionmaker[AsyncSession], listener: Listener) -> None:
        self._sessions, self._listener = sessions, listener
        self._known: dict[str, _Known] = {}
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        listener.on(CHANGED, lambda _: self._outdated(), anew=self._outdated)

    async def why_not(self, route: str, *, asking: bool = True) -> str | None:
        """None when a route may be asked; otherwise what is wrong with it."""
        try:
            known = (await self._states()).get(route)
            if known is None or known.open_until is None:
                return None
            if known.open_until > time.monotonic() or not asking:
                return known.reason
            async with self._sessions.begin() as session:
                return None if await may_probe(session, route) else known.reason
        except SQLAlchemyError:
            log.warning("the breaker of a model could not be read", extra={"route": route})
            return None

    async def failed(self, route: str, fault: ModelFault) -> None:
        """Count a fault that says something about the route; after some it is not asked for a while."""
        if not counts(fault):
            return
        if isinstance(fault, KeyRefused):
            log.error("the key of a model is refused; correct it in the settings", extra={"route": route})
        try:
            async with self._sessions.begin() as session:
                failures = await count_failure(session, route, fault.label)
                pause = pause_s(fault, failures)
                if pause is not None:
                    await open_breaker(session, route, pause)
                    log.warning(
                        "a model is not asked for a while",
                        extra={"route": route, "reason": fault.label, "seconds": round(pause)},
                    )
        except SQLAlchemyError:
            log.warning("a model's fault could not be stored", extra={"route": route})  # the answer goes on without it
        self._outdated()

    async def succeeded(self, route: str) -> None:
        """Forget the route's faults, if there were any."""
        try:
            if route not in await self._states():
                return
            async with self._sessions.begin() as session:
                await close_breaker(session, route)
        except SQLAlchemyError:
            log.warning("a model's recovery could not be stored", extra={"route": route})
        self._outdated()

    async def open(self) -> dict[str, str]:
        """The routes that are not asked just now, each with the reason.

        Raises:
            SQLAlchemyError: the database cannot be read.
        """
        now = time.monotonic()
        return {
            route: known.reason
            for route, known in (await self._states()).items()
            if known.open_until is not None and known.open_until > now
        }

    async def _states(self) -> dict[str, _Known]:
        async with self._reading:
            if self._holds():
                return self._known
            self._read_at = time.monotonic()  # before the read, so that what is told meanwhile outdates it
            async with self._sessions() as session:
                states = await read_breakers(session)
            now = time.monotonic()
            self._known = {
                state.route: _Known(state.reason, None if state.open_s is None else now + state.open_s)
                for state in states
            }
            return self._known

    def _holds(self) -> bool:
        if self._read_at is None:
            return False
        return self._listener.fresh or time.monotonic() - self._read_at < KEPT_S

    def _outdated(self) -> None:
        self._read_at = None
