"""What is asked of the engine, and what it delivers."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from graph.errors import ModelFault
from graph.models.local.sampling import Sampling

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a generation, with exact counts of tokens."""

    reason: FinishReason
    input_tokens: int
    output_tokens: int
    reused_tokens: int
    """Tokens of the prompt that had been computed before, for this text or another one."""


Piece = str | Finished | ModelFault


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A prompt to be continued.

    Attributes:
        deliver: called in the engine's thread; must not block. What it is given last is `Finished` or a fault.
        unwanted: setting it frees what the request holds within one step.
    """

    prompt: Sequence[int]
    sampling: Sampling
    deliver: Callable[[Piece], None]
    unwanted: threading.Event = field(default_factory=threading.Event)
