"""One try of one route, with its deadlines, and the check that what came is whole."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata

from graph.context import Limits, ModelRoute
from graph.errors import ModelFault, StreamCut, TooSlow
from graph.events import Usage
from graph.models.faults import translate

CHARS_PER_TOKEN = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Whole:
    """The end of a whole answer."""

    usage: Usage
    finish_reason: str


@dataclass(slots=True)
class _Seen:
    """What a stream brought so far."""

    chars: int = 0
    blank: bool = True
    tool_calls: bool = False
    finish_reason: str | None = None
    model: str | None = None
    usage: UsageMetadata | None = None

    def add(self, chunk: AIMessageChunk) -> bool:
        """Take a chunk in; whether it shows that the model is at work (an empty chunk does not)."""
        text = chunk.text
        self.chars += len(text)
        self.blank = self.blank and not text.strip()
        calls = bool(chunk.tool_calls or getattr(chunk, "tool_call_chunks", None))  # a whole message has no chunks
        self.tool_calls = self.tool_calls or calls
        self.finish_reason = chunk.response_metadata.get("finish_reason") or self.finish_reason
        self.model = chunk.response_metadata.get("model_name") or self.model
        self.usage = chunk.usage_metadata or self.usage
        return bool(text or calls or chunk.additional_kwargs.get("reasoning_content"))


async def stream_once(
    route: ModelRoute, messages: list[BaseMessage], *, limits: Limits, ends_at: float, grammar: str | None = None
) -> AsyncGenerator[str | Whole]:
    """Yield pieces of text, then one `Whole`.

    The model runs in a task of its own: cancelling that task, unlike closing a generator, reaches the innermost await
    at once, so that a connection is closed and the local model freed before this generator is.

    Args:
        ends_at: the event loop's time at which the turn is over.

    Raises:
        ModelFault: the answer is not whole; `TooSlow` when a deadline passed.
    """
    clock = asyncio.get_running_loop().time
    chunks: asyncio.Queue[AIMessageChunk | ModelFault | None] = asyncio.Queue()
    chunk: AIMessageChunk | ModelFault | None
    options = {"max_tokens": limits.answer_tokens, **({"grammar": grammar} if grammar else {})}
    task = asyncio.create_task(_pump(route, messages, options, chunks))
    seen = _Seen()
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
    yield Whole(_usage(route, messages, seen), seen.finish_reason)


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


def _usage(route: ModelRoute, messages: Sequence[BaseMessage], seen: _Seen) -> Usage:
    model = seen.model or route.name
    if seen.usage:
        return Usage(model, route.rung, seen.usage["input_tokens"], seen.usage["output_tokens"])
    given = sum(len(message.text) for message in messages)
    return Usage(
        model,
        route.rung,
        input_tokens=-(-given // CHARS_PER_TOKEN),
        output_tokens=-(-seen.chars // CHARS_PER_TOKEN),
        estimated=True,
    )
