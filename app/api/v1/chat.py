"""`POST /v1/chat/completions`: a turn of the agent, in one piece or streamed."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from app.api.v1.answered import Answering, ChatCompletion
from app.api.v1.asked import Asked, ChatRequest, read_chat
from app.api.v1.caller import Caller, calling
from app.api.v1.errors import away, failed, invalid, too_many
from app.api.v1.following import while_awaited
from app.db.conversations import is_of_user
from app.db.service_tokens import ensure_program_user
from app.storable import storable
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services
from graph.events import Done, Event, Failed, Reset, Started, Token

SILENCE_S = 10.0
"""How often a stream on which nothing happens says that it lives."""
ALIVE = ": still at work\n\n"
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream`, events that each hold a chunk of it, and `[DONE]` at the end.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
Events = AsyncGenerator[Event | None]


def add_chat(router: APIRouter, services: Services) -> None:
    """Add the route."""

    @router.post("/chat/completions", response_model=ChatCompletion, responses=STREAMED)
    async def create_chat_completion(
        body: ChatRequest, request: Request, caller: Annotated[Caller, Depends(calling(services, counted=True))]
    ) -> Response:
        """Answer the last message of a conversation from the site's documents."""
        return await _complete(services, body, request, caller)


async def _complete(services: Services, body: ChatRequest, request: Request, caller: Caller) -> Response:
    caller.must_be(body.model)
    turn = services.settings.turn
    asked = read_chat(body, message_chars=turn.message_chars, history_messages=turn.history_messages)
    turning = await _turn_request(services, body, asked, caller)
    events = while_awaited(run_turn(services, turning), request, silence_s=SILENCE_S)
    started = await _started(events)
    if started is None:
        return Response(status_code=204)  # nobody is there to read it
    headers = {**caller.headers, "x-request-id": started.trace_id}
    include_usage = bool(body.stream_options and body.stream_options.include_usage)
    answering = Answering(
        started.message_id, body.model, asked.ignored, turning.conversation_id, with_usage=include_usage
    )
    if not body.stream:
        return await _at_once(events, answering, headers)
    live = body.parley is not None and body.parley.live
    return StreamingResponse(
        _streamed(events, answering, live=live),
        media_type="text/event-stream",
        headers={**headers, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _turn_request(services: Services, body: ChatRequest, asked: Asked, caller: Caller) -> TurnRequest:
    user = None if body.user is None else storable(body.user)
    async with services.sessions.begin() as session:
        user_id = await ensure_program_user(session, caller.site_id, caller.token_id, user)
        if asked.conversation and not await is_of_user(session, asked.conversation, user_id):
            raise invalid("parley.conversation", "There is no such conversation of this user.")
    return TurnRequest(
        site_id=caller.site_id,
        user_id=user_id,
        conversation_id=asked.conversation or uuid4(),
        message_id=uuid4(),
        text=asked.question,
        earlier=asked.earlier,
        door="api",
        labels=asked.labels,
        decision=asked.decision,
    )


async def _started(events: Events) -> Started | None:
    """The beginning of the turn; None when nobody waits for it any more.

    Raises:
        ApiError: it was not let begin: it may not be sent here, or a guard or the database cannot be reached.
    """
    async for event in events:
        match event:
            case Started():
                return event
            case Failed(text=text, retry_after_s=wait_s, again=again):
                await events.aclose()
                if not again:
                    raise invalid("messages", text)
                raise away(text) if wait_s is None else too_many(text, wait_s=wait_s, headers={})
    return None


async def _at_once(events: Events, answering: Answering, headers: dict[str, str]) -> Response:
    async with aclosing(events):
        async for event in events:
            match event:
                case Done():
                    return JSONResponse(answering.whole(event).model_dump(mode="json"), headers=headers)
                case Failed(text=text):
                    raise failed(text, headers)
    return Response(status_code=204)  # nobody is there to read it


async def _streamed(events: Events, answering: Answering, *, live: bool) -> AsyncGenerator[str]:
    """The answer as events. Unless `live`, its text is sent when it is certain: the protocol cannot take any back."""
    async with aclosing(events):
        yield answering.begin()
        async for event in events:
            match event:
                case None:
                    yield ALIVE
                case Token(text=text) if live:
                    yield answering.text(text)
                case Reset() if live:
                    yield answering.reset()
                case Done():
                    if not live:
                        yield answering.text(event.text)
                    yield answering.end(event)
                case Failed(text=text):
                    yield f"data: {failed(text).body.model_dump_json()}\n\n"
