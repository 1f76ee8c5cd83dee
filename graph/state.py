"""What one turn of the agent knows, and what a node may add to it."""

from dataclasses import dataclass
from typing import Literal, TypedDict

from graph.context import InjectionFinding, IntentGuess, Passage
from graph.events import ANSWERED, Asked, AskedArgument, Rung, Usage


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier message of the conversation. `judged`: as an attack, when it was said."""

    role: Literal["visitor", "assistant"]
    text: str
    judged: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """The text of a file that came with the message."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer before it is checked against its sources.

    Attributes:
        text: with `[1]` marks that count the passages from 1; what the visitor has been shown so far.
        answered_by: name of the model, or of what else gave it.
        verbatim: made of the passages' own sentences, so that there is nothing to check.
        unknown: the passages do not answer the question.
        shortened: the model hit its limit of tokens.
        usage: every try of a model, and every route that was passed over.
        choice: why the models were asked in this order, if there was something to choose.
        called: the tools that were called for it, in order.
        contained: whether a call was refused because a text that seems to instruct may have caused it.
        asked: a call that waits for the visitor's word; the text tells of it.
    """

    text: str
    answered_by: str
    rung: Rung
    verbatim: bool = False
    unknown: bool = False
    shortened: bool = False
    usage: tuple[Usage, ...] = ()
    choice: str = ""
    called: tuple[str, ...] = ()
    contained: bool = False
    asked: Asked | None = None

    @property
    def failed(self) -> tuple[Usage, ...]:
        """The tries that gave no answer."""
        return tuple(used for used in self.usage if used.outcome != ANSWERED)


@dataclass(frozen=True, slots=True)
class Recalled:
    """Where an answer that was given before comes from: the cache's entry, as in `graph.context.Kept`."""

    entry: int
    exact: bool
    similarity: float


Outcome = Literal["agreed", "declined", "gone", "uncertain"]


@dataclass(frozen=True, slots=True)
class Decided:
    """A call that the visitor has decided on by this message.

    `outcome` is what they said; `gone` when there was none to decide any more; `uncertain` when it was begun before, by
    a process that died over it.
    """

    outcome: Outcome
    title: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer as the visitor sees it at the end. `cited` counts the passages from 1; the rest as in a draft."""

    text: str
    answered_by: str
    rung: Rung
    cited: tuple[int, ...] = ()
    notice: str | None = None
    usage: tuple[Usage, ...] = ()
    shortened: bool = False
    recalled: Recalled | None = None
    called: tuple[str, ...] = ()
    contained: bool = False
    asked: Asked | None = None


class TurnState(TypedDict, total=False):
    """State of the graph. `vector` is the question's, of `dimensions` floats."""

    question: str
    history: list[Earlier]
    attached: list[Attached]
    decided: Decided | None
    vector: list[float]
    injection: InjectionFinding
    intent: IntentGuess
    recalled: Recalled | None
    passages: list[Passage]
    draft: Draft | None
    answer: Answer


KEPT_TYPES = (
    Earlier,
    Attached,
    Decided,
    Draft,
    Recalled,
    Answer,
    InjectionFinding,
    IntentGuess,
    Passage,
    Usage,
    Asked,
    AskedArgument,
)
"""All that a checkpoint of this state may hold beside plain values."""
