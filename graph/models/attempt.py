"""One try of one route, with its deadlines, and the check that what came is whole."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata

from graph.context import Limits, ModelRoute
from graph.errors import ModelFault, StreamCut, TooSlow
from graph.events import ANSWERED, STOPPED, Usage
from graph.models.faults import translate

CHARS_PER_TOKEN = 4
Note = Callable[[Usage], None]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Whole:
    """The end of a whole answer."""

    usage: Usage
    finish_reason: str
    calls: tuple[ToolCall, ...] = ()
    """The tools that it calls in place of an answer, each with a number of its own."""


class Broken(Exception):
    """A try failed: why, and what it took all the same."""

    def __init__(self, fault: ModelFault, usage: Usage) -> None:
        super().__init__()
        self.fault, self.usage = fault, usage


@dataclass(slots=True)
class _Seen:
    """What a stream brought so far."""

    began: float
    began_at: datetime
    begun: bool = False
    chars: int = 0
    blank: bool = True
    tool_calls: bool = False
    finish_reason: str | None = None
    model: str | None = None
    usage: UsageMetadata | None = None
    calls: AIMessageChunk | None = None
    """The chunks with calls of tools, joined."""

    def whole_calls(self) -> bool:
        """Whether the arguments of every call came whole."""
        # By the chunks: the joined message guesses what the end of a cut object would have been.
        return all(_is_object(call["args"]) for call in getattr(self.calls, "tool_call_chunks", ()))

    def read_calls(self) -> tuple[ToolCall, ...]:
        """The calls, which came whole."""
        if self.calls is None:
            return ()
        chunks = getattr(self.calls, "tool_call_chunks", None)
        made = (
            [(chunk["name"], json.loads(chunk["args"] or "{}")) for chunk in chunks]
            if chunks
            else [(call["name"], call["args"]) for call in self.calls.tool_calls]
        )
        # Numbered here: servers leave the number out, or give the same one twice.
        return tuple(
            ToolCall(name=name or "", args=args, id=f"call_{number}", type="tool_call")
            for number, (name, args) in enumerate(made)
        )

    def add(self, chunk: AIMessageChunk) -> bool:
        """Take a chunk in; whether it shows that the model is at work (an empty chunk does not)."""
        text = chunk.text
        self.begun = True
        self.chars += len(text)
        self.blank = self.blank and not text.strip()
        calls = bool(chunk.tool_calls or getattr(chunk, "tool_call_chunks", None))  # a whole message has no chunks
        self.tool_calls = self.tool_calls or calls
        self.finish_reason = chunk.response_metadata.get("finish_reason") or self.finish_reason
        self.model = chunk.response_metadata.get("model_name") or self.model
        self.usage = chunk.usage_metadata or self.usage
        if calls:
            self.calls = chunk if self.calls is None else self.calls + chunk
        return bool(text or calls or chunk.additional_kwargs.get("reasoning_content"))


def _is_object(text: str | None) -> bool:
    try:
        return isinstance(json.loads(text or "{}"), dict)
    except ValueError:
        return False


async def stream_once(
    route: ModelRoute,
    messages: list[BaseMessage],
    *,
    limits: Limits,
    ends_at: float,
    options: Mapping[str, Any],
    left: Note = lambda usage: None,
) -> AsyncGenerator[str | Whole]:
    """Yield pieces of text, then one `Whole`.

    The model runs in a task of its own: cancelling that task, unlike closing a generator, reaches the innermost await
    at once, so that a connection is closed and the local model freed before this generator is.

    Args:
        options: what the model is given beside the messages, such as a grammar or tools.
        ends_at: the event loop's time at which the turn is over.
        left: told what the try took when nobody waits for its end any more.

    Raises:
        Broken: the answer is not whole; with `TooSlow` when a deadline passed.
    """
    clock = asyncio.get_running_loop().time
    seen = _Seen(began=clock(), began_at=datetime.now(UTC))
    try:
        async for text in _pieces(route, messages, seen, limits, ends_at, options):
            yield text
    except ModelFault as fault:
        raise Broken(fault, _usage(route, messages, seen, fault.label)) from None
    except (asyncio.CancelledError, GeneratorExit):
        left(_usage(route, messages, seen, STOPPED))
        raise
    assert seen.finish_reason is not None  # noqa: S101 - whole
    yield Whole(_usage(route, messages, seen, ANSWERED), seen.finish_reason, seen.read_calls())


async def _pieces(
    route: ModelRoute,
    messages: list[BaseMessage],
    seen: _Seen,
    limits: Limits,
    ends_at: float,
    options: Mapping[str, Any],
) -> AsyncGenerator[str]:
    clock = asyncio.get_running_loop().time
    chunks: asyncio.Queue[AIMessageChunk | ModelFault | None] = asyncio.Queue()
    chunk: AIMessageChunk | ModelFault | None
    given = {"max_tokens": limits.answer_tokens, **options}
    task = asyncio.create_task(_pump(route, messages, given, chunks))
    deadline = clock() + route.first_token_s
    try:
        while True:
            try:
                async with asyncio.timeout_at(min(deadline, ends_at)):
                    chunk = await chunks.get()
            except TimeoutError:
                chunk = TooSlow()
            if isinstance(chunk, ModelFault) and not seen.finish_reason:
                raise chunk
            if not isinstance(chunk, AIMessage):
                break  # the end, or a fault after it: the answer is whole, only its usage may be lost
            at_work = seen.add(chunk)
            if chunk.text:
                yield str(chunk.text)
            if at_work:
                deadline = clock() + route.between_tokens_s
    finally:
        task.cancel()
        await asyncio.wait({task})
    if not seen.finish_reason:
        raise StreamCut
    if seen.blank and not seen.tool_calls:
        raise StreamCut("The model's answer was empty.")
    if seen.tool_calls and not seen.whole_calls():
        raise StreamCut("The model's call of a tool is not whole.")


async def _pump(
    route: ModelRoute,
    messages: list[BaseMessage],
    options: dict[str, Any],
    chunks: asyncio.Queue[AIMessageChunk | ModelFault | None],
) -> None:
    try:
        async for chunk in route.model.astream(messages, **options):
            chunks.put_nowait(chunk)
    except Exception as error:  # noqa: BLE001 - any chat model may stand in a route, with errors of its own
        if not isinstance(error, ModelFault):  # its text may quote what people wrote
            log.warning("model %s raised %s", route.name, type(error).__name__)
        chunks.put_nowait(translate(error))
    else:
        chunks.put_nowait(None)


def _usage(route: ModelRoute, messages: Sequence[BaseMessage], seen: _Seen, outcome: str) -> Usage:
    """What a try took: as the server counted, else estimated; nothing, when the server had not begun to answer."""
    duration_ms = (asyncio.get_running_loop().time() - seen.began) * 1000
    given, made, estimated = 0, 0, False
    if seen.usage:
        given, made = seen.usage["input_tokens"], seen.usage["output_tokens"]
    elif seen.begun:
        given = -(-sum(len(message.text) for message in messages) // CHARS_PER_TOKEN)
        made, estimated = -(-seen.chars // CHARS_PER_TOKEN), True
    return Usage(
        model=seen.model or route.name,
        rung=route.rung,
        input_tokens=given,
        output_tokens=made,
        estimated=estimated,
        route=route.name,
        outcome=outcome,
        began_at=seen.began_at,
        duration_ms=duration_ms,
    )
