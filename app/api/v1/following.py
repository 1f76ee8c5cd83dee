"""A turn that lasts no longer than somebody waits for it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.requests import Request

from graph.events import Event


async def while_awaited(
    events: AsyncGenerator[Event], request: Request, *, silence_s: float
) -> AsyncGenerator[Event | None]:
    """Yield the events, and None whenever nothing has happened for `silence_s` seconds.

    When the client hangs up, or this iterator is closed, the turn is stopped and the iterator ends.
    """
    happened: asyncio.Queue[Event | None] = asyncio.Queue()  # None: nothing more will

    async def run() -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    happened.put_nowait(event)
        finally:
            happened.put_nowait(None)

    async def leave(turn: asyncio.Task[None]) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        turn.cancel()

    turn = asyncio.create_task(run())
    leaving = asyncio.create_task(leave(turn))
    try:
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    event = await happened.get()
            except TimeoutError:
                yield None
                continue
            if event is None:
                return
            yield event
    finally:
        leaving.cancel()
        turn.cancel()
        await asyncio.wait({turn, leaving})
