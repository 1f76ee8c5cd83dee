"""An answer as server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from uuid import UUID

from fastapi.responses import StreamingResponse

from app.live.following import Anew, At, Broken, More, Position, Stopped, Update, Whole
from app.tool_use.shown import asked_shown
from app.widget.shown import source_shown

PING_S = 10.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""A proxy that gathers the answer before it passes it on would make a stream of it pointless."""


def event_stream(
    started: tuple[UUID, UUID, UUID] | None, updates: AsyncGenerator[tuple[Position, Update]]
) -> StreamingResponse:
    """The response.

    Args:
        started: ids of the answer, its message and its conversation, for a first event; None goes on in the middle.
        updates: what its reader does not know yet.
    """
    return StreamingResponse(_written(started, updates), media_type="text/event-stream", headers=HEADERS)


async def _written(
    started: tuple[UUID, UUID, UUID] | None, updates: AsyncGenerator[tuple[Position, Update]]
) -> AsyncIterator[str]:
    if started:
        answer, message, conversation = map(str, started)
        yield _event(Position(), "started", {"answer": answer, "message": message, "conversation": conversation})
    async with aclosing(updates):
        following = asyncio.ensure_future(anext(updates, None))
        try:
            while True:
                done, _ = await asyncio.wait({following}, timeout=PING_S)
                if not done:
                    yield ": still there\n\n"
                    continue
                if (found := following.result()) is None:
                    return
                yield _told(*found)
                following = asyncio.ensure_future(anext(updates, None))
        finally:
            if not following.done():
                following.cancel()
            with suppress(asyncio.CancelledError):
                await following


def _told(position: Position, update: Update) -> str:
    match update:
        case More(text=text):
            return _event(position, "token", {"text": text})
        case Anew():
            return _event(position, "reset", {})
        case At(step=step):
            return _event(position, "step", {"name": step})
        case Whole():
            sources = [source_shown(source).model_dump() for source in update.sources]
            asked = asked_shown(update.asked)
            whole = {
                "text": update.text,
                "sources": sources,
                "notice": update.notice,
                "rung": update.rung,
                "asked": asked.model_dump(mode="json") if asked else None,
            }
            return _event(position, "done", whole)
        case Stopped(text=text):
            return _event(position, "stopped", {"text": text})
        case Broken(text=text, retry=retry):
            return _event(position, "failed", {"text": text, "retry": retry})


def _event(position: Position, name: str, data: Mapping[str, object]) -> str:
    return f"id: {position}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
