"""The chain of models: one route after the other, until an answer is whole. Every fallback is decided here."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

from langchain_core.messages import BaseMessage

from graph.context import Limits, ModelRoute
from graph.errors import ModelFault, RateLimited, ServerFault, Unreachable
from graph.events import Usage
from graph.models.attempt import Whole, stream_once

RETRY_PAUSE_S = 0.2


class Tried(NamedTuple):
    """One try of a route. `fault` is the fault's label, None when it answered."""

    route: str
    fault: str | None
    duration_ms: float


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
    """A try failed. With `shown`, text was given and no longer holds: the answer begins anew."""

    route: ModelRoute
    fault: ModelFault
    shown: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer is whole; always the last event. `text` is the deltas since the last withdrawal.

    `finish_reason` is `length` when the model ran into the token limit, so that the text may stop in mid-sentence.
    """

    route: ModelRoute
    text: str
    usage: Usage
    finish_reason: str
    attempts: tuple[Tried, ...]


class NoModelAnswered(ModelFault):
    """No model gave a whole answer."""

    label = "not available"

    def __init__(self, attempts: tuple[Tried, ...]) -> None:
        super().__init__()
        self.attempts = attempts


async def stream_answer(
    routes: Sequence[ModelRoute], messages: list[BaseMessage], *, limits: Limits, grammar: str | None = None
) -> AsyncGenerator[Attempt | Delta | Withdrawn | Answered]:
    """Ask the routes in order until one gives a whole answer.

    A route that asks for a short wait (`limits.waits_s`) is waited for once; one that failed before any text is asked
    once more; all else goes to the next route at once. Closing the iterator cancels the request under way.

    Args:
        grammar: GBNF that the text must follow. Local models obey it; hosted ones do not know it and are not sent it.

    Raises:
        NoModelAnswered: all routes failed, or `limits.turn_s` ran out.
    """
    clock = asyncio.get_running_loop().time
    ends_at = clock() + limits.turn_s
    attempts: list[Tried] = []
    for route in routes:
        again = _SecondChance(limits.waits_s)
        while True:
            yield Attempt(route)
            began, parts, fault = clock(), list[str](), None
            try:
                async with aclosing(
                    stream_once(route, messages, limits=limits, ends_at=ends_at, grammar=grammar)
                ) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Whole):
                            whole = piece
                        else:
                            parts.append(piece)
                            yield Delta(piece)
            except ModelFault as error:
                fault = error
            attempts.append(Tried(route.name, fault.label if fault else None, (clock() - began) * 1000))
            if fault is None:
                yield Answered(route, "".join(parts), whole.usage, whole.finish_reason, tuple(attempts))
                return
            yield Withdrawn(route, fault, shown=bool(parts))
            pause_s = again.pause_s(fault, shown=bool(parts))
            if pause_s is None or clock() + pause_s >= ends_at:
                break
            await asyncio.sleep(pause_s)
        if clock() >= ends_at:
            break
    raise NoModelAnswered(tuple(attempts))


class _SecondChance:
    """Whether a route is asked again: once after a wait that it asked for, once after it failed before any text."""

    def __init__(self, waits_s: float) -> None:
        self._waits_s = waits_s
        self._waited = self._retried = False

    def pause_s(self, fault: ModelFault, *, shown: bool) -> float | None:
        """Seconds to pause before the same route is asked again; None to go on to the next one."""
        match fault:
            case RateLimited(retry_after_s=float(asked_s)) if asked_s <= self._waits_s and not self._waited:
                self._waited = True
                return asked_s
            case ServerFault() | Unreachable() if not (shown or self._retried):
                self._retried = True
                return RETRY_PAUSE_S
        return None
