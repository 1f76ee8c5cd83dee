"""The chain of models: one route after the other, until an answer is whole. Every fallback is decided here."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall

from graph.absent import NoBreakers
from graph.context import Breakers, Limits, ModelRoute
from graph.errors import ContentRefused, ContextExceeded, ModelFault, RequestRefused, StreamCut, TooSlow
from graph.events import Usage
from graph.models.attempt import Broken, Note, Whole, stream_once
from graph.models.in_clear import InClear
from graph.models.second_chance import SecondChance


@dataclass(frozen=True, slots=True)
class Attempt:
    """A route is about to be asked."""

    route: ModelRoute


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer's text; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A try failed, or a route was passed over. With `shown`, the text given so far no longer holds."""

    route: ModelRoute
    fault: ModelFault
    shown: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer is whole; always the last event. `text` is the deltas since the last withdrawal.

    `finish_reason` is `length` when the model ran into the token limit, so that the text may stop in mid-sentence.
    `tries` are all that it took, the one that answered last; a route that was passed over took nothing. `calls` are the
    tools that it wants called before it answers.
    """

    route: ModelRoute
    text: str
    finish_reason: str
    tries: tuple[Usage, ...]
    calls: tuple[ToolCall, ...] = ()

    @property
    def usage(self) -> Usage:
        """What the answering try took."""
        return self.tries[-1]


@dataclass(frozen=True, slots=True)
class Tools:
    """Tools that a model is told of, in the form of OpenAI's; `callable`: whether it may call one now."""

    schemas: list[dict[str, Any]]
    callable: bool = True


class NoModelAnswered(ModelFault):
    """No model gave a whole answer."""

    label = "not available"

    def __init__(self, tries: tuple[Usage, ...], declined: ModelRoute | None = None) -> None:
        super().__init__()
        self.tries = tries
        self.declined = declined
        """The route whose server refused the content, so that no other was asked."""


@dataclass(slots=True)
class _Call:
    """One answer in the making.

    Attributes:
        carried: text of a stream that was cut, which another route may go on with.
        cut: whose stream that was, and what cut it.
    """

    routes: Sequence[ModelRoute]
    messages: list[BaseMessage]
    limits: Limits
    options: Mapping[str, Any]
    breakers: Breakers
    personal: Mapping[str, str]
    note: Note
    ends_at: float
    tries: list[Usage] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    carried: str = ""
    cut: tuple[ModelRoute, ModelFault] | None = None
    too_long: bool = False

    def took(self, usage: Usage) -> None:
        """Remember a try that has ended, and tell it."""
        self.tries.append(usage)
        self.note(usage)


async def stream_answer(
    routes: Sequence[ModelRoute],
    messages: list[BaseMessage],
    *,
    limits: Limits,
    grammar: str | None = None,
    tools: Tools | None = None,
    breakers: Breakers | None = None,
    personal: Mapping[str, str] | None = None,
    note: Note = lambda usage: None,
) -> AsyncGenerator[Attempt | Delta | Withdrawn | Answered]:
    """Ask the routes in order until one gives a whole answer.

    A route that asks for a short wait (`limits.waits_s`) is waited for once; one that failed before any text is asked
    once more; all else goes to the next route at once. A conversation that is too long for one route goes to those with
    more room; when it is too long for all, what was said earlier is left out. A stream that was cut is continued by the
    next route that can, otherwise withdrawn. Closing the iterator cancels the request under way.

    Args:
        grammar: GBNF that the text must follow. Local models obey it; hosted ones do not know it and are not sent it.
        tools: what the model may call. A server that does not know tools is asked without them.
        breakers: which routes are passed over; none by default.
        personal: what tokens in the messages stand for. Each route is sent what it `sees`; no event holds any of that.
        note: told of each try as it ends, also of the one under way when the iterator is closed.

    Raises:
        NoModelAnswered: all routes failed, one's server declined the content, or `limits.turn_s` ran out.
    """
    clock = asyncio.get_running_loop().time
    options: dict[str, Any] = {"grammar": grammar} if grammar else {}
    if tools:
        options |= {"tools": tools.schemas, "tool_choice": "auto" if tools.callable else "none"}
    call = _Call(
        routes, messages, limits, options, breakers or NoBreakers(), personal or {}, note, clock() + limits.turn_s
    )
    while True:
        async with aclosing(_through(call)) as events:
            async for event in events:
                yield event
                if isinstance(event, Answered):
                    return
        shorter = without_history(call.messages)
        if not call.too_long or len(shorter) == len(call.messages) or clock() >= call.ends_at:
            raise NoModelAnswered(tuple(call.tries))
        call.messages, call.too_long = shorter, False


def without_history(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The rules, the visitor's last message and what came after it, without what was said in between."""
    last = max((at for at, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    return [message for message in messages[:last] if isinstance(message, SystemMessage)] + list(messages[last:])


async def _through(call: _Call) -> AsyncGenerator[Attempt | Delta | Withdrawn | Answered]:
    """Ask each route in turn."""
    too_small = 0
    for at, route in enumerate(call.routes):
        if route.context_tokens is not None and route.context_tokens <= too_small:
            continue
        why = await call.breakers.why_not(route.name)
        if why is not None:
            call.took(Usage(route.name, route.rung, 0, 0, route=route.name, outcome=why))
            continue
        async with aclosing(_ask(call, route, at)) as events:
            async for event in events:
                yield event
                if isinstance(event, Withdrawn) and isinstance(event.fault, ContextExceeded):
                    too_small = route.context_tokens or 0
        if asyncio.get_running_loop().time() >= call.ends_at:
            return


async def _ask(call: _Call, route: ModelRoute, at: int) -> AsyncGenerator[Attempt | Delta | Withdrawn | Answered]:
    """Ask one route, once more where that may help. Ends with `Answered`, or without it for the next one."""
    clock = asyncio.get_running_loop().time
    again = SecondChance(call.limits.waits_s)
    while True:
        if call.carried and not route.continues:  # the one that was to go on with it was closed meanwhile
            assert call.cut is not None  # noqa: S101 - it is set with `carried`
            call.carried = ""
            yield Withdrawn(*call.cut, shown=True)
        yield Attempt(route)
        call.parts = []
        prefix = [AIMessage(call.carried)] if call.carried else []
        in_clear = InClear(route, call.personal)
        whole: Whole | None = None
        fault: ModelFault | None = None
        try:
            tried = stream_once(
                route,
                in_clear.sent([*call.messages, *prefix]),
                limits=call.limits,
                ends_at=call.ends_at,
                options=call.options,
                left=call.took,
            )
            async with aclosing(tried) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Whole):
                        whole = piece
                    certain = in_clear.feed(piece) if isinstance(piece, str) else in_clear.rest(piece.finish_reason)
                    if certain:
                        call.parts.append(certain)
                        yield Delta(certain)
        except Broken as broken:
            fault = broken.fault
            call.took(broken.usage)
        if whole is not None:
            call.took(whole.usage)
            await call.breakers.succeeded(route.name)
            text, calls = call.carried + "".join(call.parts), in_clear.calls(whole.calls)
            yield Answered(route, text, whole.finish_reason, tuple(call.tries), calls)
            return
        assert fault is not None  # noqa: S101 - not whole
        await call.breakers.failed(route.name, fault)
        if isinstance(fault, ContentRefused):
            yield Withdrawn(route, fault, shown=bool(call.carried or call.parts))
            raise NoModelAnswered(tuple(call.tries), declined=route)
        call.too_long = call.too_long or isinstance(fault, ContextExceeded)
        refused_to_continue = bool(prefix) and not call.parts and isinstance(fault, RequestRefused)
        shown = call.carried + "".join(call.parts)
        pause_s = again.pause_s(fault, shown=bool(shown))
        goes_on = not refused_to_continue and bool(shown) and await _continued(call, fault, at)
        call.carried, call.cut = (shown, (route, fault)) if goes_on else ("", None)
        yield Withdrawn(route, fault, shown=bool(shown) and not goes_on)
        if refused_to_continue:
            continue  # the same route begins anew
        if pause_s is None or clock() + pause_s >= call.ends_at:
            return
        await asyncio.sleep(pause_s)


async def _continued(call: _Call, fault: ModelFault, at: int) -> bool:
    """Whether the next route that will be asked can go on with the text shown so far."""
    if not isinstance(fault, StreamCut | TooSlow):
        return False
    for route in call.routes[at + 1 :]:
        if await call.breakers.why_not(route.name, asking=False) is None:
            return route.continues
    return False
