"""Waits for what other tasks or processes do."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def sooner_or_later(holds: Callable[[], bool | Awaitable[bool]], *, most_s: float = 2.0) -> None:
    """Return as soon as a condition holds; fail when it does not within so many seconds."""
    until = time.monotonic() + most_s
    while True:
        found = holds()
        if await found if inspect.isawaitable(found) else found:
            return
        assert time.monotonic() < until, "it did not happen in time"
        await asyncio.sleep(0.02)
