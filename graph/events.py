"""What a turn tells the door that asked for it, in the order in which it happens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from graph.guards.containment import Stems

Rung = Literal["hosted", "local", "quote", "fixed"]
"""Who gave the answer: a model, the documents themselves, or a reply that is written down."""


ANSWERED = "answer"
"""Outcome of a try that gave the answer."""
REWORDED = "reworded"
"""Outcome of a try that made a question stand alone. It is no answer."""
ENCODED = "encoded"
"""Outcome of a try of a hosted encoder that gave vectors. It is no answer."""
STOPPED = "stopped"
"""Outcome of a try whose answer nobody waited for any more."""


@dataclass(frozen=True, slots=True)
class Started:
    """The visitor's message is stored; the answer will have this id."""

    message_id: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Reset:
    """Withdraw all text shown so far in this turn: another rung begins the answer anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One finished step of the agent, for people who want to see how the answer came about."""

    name: str
    detail: str
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that the answer cites as `[number]`."""

    number: int
    chunk_id: int | None
    document: str
    title: str
    heading: str
    url: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Half a line for the visitor about how the answer was made, such as that a lower rung gave it."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What one try of a model took.

    Attributes:
        model: as its server calls itself.
        estimated: the tokens were not counted by the provider.
        route: the model's name in the settings.
        outcome: `answer`, or what was wrong in two words.
        began_at: when it was asked; None for a route that was passed over.
    """

    model: str
    rung: Rung
    input_tokens: int
    output_tokens: int
    estimated: bool = False
    route: str = ""
    outcome: str = ANSWERED
    began_at: datetime | None = None
    duration_ms: float = 0.0


def encoder_route(name: str) -> str:
    """Under which an encoder's tries are remembered and billed: a model may have the same name."""
    return f"embedding:{name}"


@dataclass(frozen=True, slots=True)
class AskedArgument:
    """One argument of a call, as its visitor reads it before they decide. `stems` says whose words it is."""

    name: str
    value: str
    stems: Stems


@dataclass(frozen=True, slots=True)
class Asked:
    """A call of a tool that waits for its visitor's word: nothing is done without it.

    Attributes:
        call_id: the number of the waiting call.
        digest: what a decision must repeat, so that it is about these very arguments.
        title: what the tool does, in the owner's words.
        expires_at: until when it can be decided, UTC.
        repeats: whether the very same was tried before in this conversation.
    """

    call_id: str
    digest: str
    title: str
    arguments: tuple[AskedArgument, ...]
    expires_at: datetime
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The turn ended well. `text` is the whole answer as the visitor sees it; `shortened` when a limit ended it."""

    message_id: str
    text: str
    answered_by: str
    rung: Rung
    intent: str
    sources: tuple[Source, ...]
    usage: tuple[Usage, ...]
    trace_id: str
    notice: str | None = None
    shortened: bool = False
    asked: Asked | None = None
    """A call that waits for the visitor's word; the text tells of it, too."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn ended badly. `text` is the sentence for the visitor; a limit says when it may be tried again.

    `again` is False where the same message will never be taken.
    """

    text: str
    trace_id: str
    retry_after_s: float | None = None
    again: bool = True


Event = Started | Token | Reset | Step | Source | Notice | Done | Failed
