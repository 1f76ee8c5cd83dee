"""Something that is fetched once and kept for a while, however many ask for it at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from app.openid.refused import OpenIdRefused

LASTS_S = 3600.0
FAILURE_LASTS_S = 5.0
"""After a failure all who ask within this time get the same refusal: none of them waits for a provider that is down."""
RENEW_EVERY_S = 60.0
Clock = Callable[[], float]
T = TypeVar("T")


class Kept(Generic[T]):
    """A value of `fetch`, kept for an hour.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = asyncio.Lock()
        self._value: tuple[T, float] | None = None
        self._failure: tuple[OpenIdRefused, float] | None = None
        self._renewed_at: float | None = None

    async def get(self) -> T:
        """Return the value, fetched anew if it has grown old.

        Raises:
            OpenIdRefused: it cannot be fetched.
        """
        async with self._lock:
            if self._value is not None and self._clock() < self._value[1] + LASTS_S:
                return self._value[0]
            return await self._fetch_now()

    async def renewed(self) -> T:
        """Return a newer value than `get` did, but fetch it for this reason at most once a minute.

        Raises:
            OpenIdRefused: it cannot be fetched.
        """
        async with self._lock:
            now = self._clock()
            if self._value is not None and self._renewed_at is not None and now < self._renewed_at + RENEW_EVERY_S:
                return self._value[0]
            self._renewed_at = now
            return await self._fetch_now()

    async def _fetch_now(self) -> T:
        if self._failure is not None and self._clock() < self._failure[1] + FAILURE_LASTS_S:
            raise OpenIdRefused(self._failure[0].reason, self._failure[0].detail)
        try:
            value = await self._fetch()
        except OpenIdRefused as refused:
            self._failure = refused, self._clock()
            raise
        self._value = value, self._clock()
        return value
