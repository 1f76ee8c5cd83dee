"""What the agent needs from outside, as Protocols. The program hands it in through LangGraph's `Runtime` context."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from graph.absent import NoBreakers, NoCache, NoTools
from graph.errors import ModelFault
from graph.events import Asked, Rung, Source, Usage
from graph.guards.containment import Origin, Stems
from graph.guards.letters import marked_by_letters

if TYPE_CHECKING:  # takes two seconds to import, which commands without a model do without
    from langchain_core.language_models import BaseChatModel

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

Route = Literal["answer", "tool", "reply", "handover", "decline"]
"""Where an intent leads: to the documents, to the tools, to a written reply, to a person, or to a refusal."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that a search found. `score` ranks it, `similarity` is its cosine to the question, in [-1, 1]."""

    chunk_id: int
    document: str
    title: str
    heading: str
    url: str | None
    text: str
    score: float
    similarity: float
    page: int | None = None
    """Where it stands in a document that has pages, from 1."""
    suspicious: bool = False
    """Whether it seems to hold instructions. It is marked where a model reads it, and never quoted."""
    origin: Origin = "passage"
    """Whose words it is: a document's, an attached file's, or a tool's."""


@dataclass(frozen=True, slots=True)
class InjectionFinding:
    """How much a text looks like an injected instruction: `score` in [0, 1], and the signal that weighed most."""

    score: float
    reason: str
    blocked: bool
    only_noted: bool = False
    """Whether it would have been blocked, had the site not chosen that its screen only records."""


@dataclass(frozen=True, slots=True)
class IntentGuess:
    """What a message wants. `score` is the probability of `name`; `runner_up` is the second best name."""

    name: str
    score: float
    runner_up: str
    out_of_scope: bool
    route: Route
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class PersonalSpan:
    """Characters `start` to `end` (exclusive) of a text hold personal data of `type`."""

    type: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class EncodedTokens:
    """A whole text as its encoder saw it. All but `sentence` have one row for each of n tokens, in order.

    Attributes:
        sentence: what `encode` gives for this text, shape `(dimensions,)`.
        vectors: last layer, not scaled, shape `(n, dimensions)`.
        ids: number of each token in the vocabulary.
        words: which word each token is a part of, counted from 0.
        spans: where each token starts and ends (exclusive) in the text, shape `(n, 2)`.
    """

    sentence: FloatArray
    vectors: FloatArray
    ids: IntArray
    words: IntArray
    spans: IntArray


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors of unit length."""

    name: str
    dimensions: int
    max_tokens: int
    """Of a longer text only the beginning is encoded."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return an array of shape `(len(texts), dimensions)`. Blocks: call it in a thread."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of a text of any length."""
        ...


@runtime_checkable
class TokenEncoder(Encoder, Protocol):
    """An encoder that also shows what it made of each token."""

    def encode_tokens(self, text: str) -> EncodedTokens:
        """Return the vectors of a text's tokens, of any length, and of its beginning. Blocks: call it in a thread."""
        ...


@runtime_checkable
class InjectionScreen(Protocol):
    """Judges whether a text tries to instruct the assistant."""

    def judge(self, text: str, vector: FloatArray) -> InjectionFinding:
        """`vector` has shape `(dimensions,)`, from the encoder, of the same text."""
        ...


Marks = Callable[[Sequence[str]], Sequence[bool]]
"""Tells of each text whether it seems to hold instructions to the assistant. Blocks: call it in a thread."""


@runtime_checkable
class PersonalDataFinder(Protocol):
    """Finds personal data."""

    def find(self, text: str) -> list[PersonalSpan]:
        """Return spans that do not overlap, by start. Blocks: call it in a thread."""
        ...


@runtime_checkable
class IntentClassifier(Protocol):
    """Tells what a message wants."""

    def classify(self, text: str, vector: FloatArray) -> IntentGuess:
        """`vector` has shape `(dimensions,)`, from the encoder, of the same text."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """Reads a question with each passage."""

    def scores(self, question: str, texts: Sequence[str]) -> FloatArray:
        """Return how well each text answers, of any scale, shape `(len(texts),)`. Blocks: call it in a thread."""
        ...


@runtime_checkable
class Knowledge(Protocol):
    """The documents of one site."""

    async def search(self, question: str, vector: FloatArray, *, limit: int) -> list[Passage]:
        """Return the passages that may answer the question, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given before, to the same question or to one that asks for the same.

    Attributes:
        entry: its number in the cache.
        exact: whether the question was the same but for case, spaces and the mark at its end.
        similarity: cosine of both questions.
    """

    entry: int
    exact: bool
    similarity: float
    text: str
    answered_by: str
    rung: Rung
    sources: tuple[Source, ...]


@runtime_checkable
class AnswerCache(Protocol):
    """Answers that the site gave before, to those who may read the same documents, from what they say now."""

    async def find(self, question: str, vector: FloatArray, language: str | None) -> Kept | None:
        """Return the answer to the same question, if there is one.

        Args:
            question: one that stands by itself, without personal data.
            vector: its vector of unit length, shape `(dimensions,)`.
            language: in which it must be answered, as its two letters; None when the question shows none. It then has
                the answer to the very same words only, which were answered in whatever language they are.
        """
        ...


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool as a model is told of it.

    Attributes:
        title: what it does, in a few words for the visitor.
        parameters: the JSON schema of its arguments, an object.
        changes: whether it does more than look something up.
    """

    name: str
    title: str
    description: str
    parameters: dict[str, JsonValue]
    changes: bool


Stemming = Mapping[str, tuple[JsonValue, Stems]]
"""Arguments by name: the value, and whose words it is."""


@runtime_checkable
class ToolBox(Protocol):
    """The tools that a site offers, for one turn. Which calls may be made is not its business."""

    offers: tuple[ToolOffer, ...]

    def wrong(self, tool: str, arguments: Mapping[str, JsonValue]) -> str | None:
        """What is wrong with the arguments of a tool that is offered, as one sentence; None if nothing is."""
        ...

    async def call(self, tool: str, arguments: Stemming) -> list[Passage]:
        """Call a tool, and return what it gave.

        Raises:
            ToolFailed: it gave nothing.
        """
        ...

    async def repeats(self, tool: str, arguments: Stemming) -> bool:
        """Whether the very same call, of a tool that changes something, was tried before in this conversation."""
        ...

    async def ask(self, tool: str, arguments: Stemming) -> Asked:
        """Keep a call until the visitor has decided on it."""
        ...

    async def resume(self) -> list[Passage]:
        """Make the call that the visitor has just agreed to, and return what it gave.

        Raises:
            ToolFailed: it gave nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelRoute:
    """One model that may answer: its chat model, its rung, and how long it may take."""

    name: str
    rung: Rung
    model: "BaseChatModel"
    first_token_s: float
    between_tokens_s: float
    trusted: bool
    """Whether it may phrase answers. A small model may only choose among the documents' own sentences."""
    context_tokens: int | None = None
    """What it can read and write at once, if that is known."""
    continues: bool = False
    """Whether it goes on with an answer that another model began, when that is the last message."""
    small: bool = False
    """Whether it is the cheap one, for easy questions and for sites that have spent most of their budget."""
    sees: frozenset[str] = frozenset()
    """Types of personal data that it is shown in clear."""


@runtime_checkable
class Breakers(Protocol):
    """Remembers which routes are not worth asking just now, for all processes."""

    async def why_not(self, route: str, *, asking: bool = True) -> str | None:
        """None when a route may be asked; otherwise what is wrong with it, as its last fault's label says.

        Args:
            asking: whether it is asked if it may be. A route that failed is tried by one request at a time.
        """
        ...

    async def failed(self, route: str, fault: ModelFault) -> None:
        """Tell that a try of a route failed."""
        ...

    async def succeeded(self, route: str) -> None:
        """Tell that a route answered."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one turn."""

    passages: int
    """Passages that the answer is made from."""
    answer_tokens: int
    history_messages: int
    turn_s: float
    waits_s: float
    min_similarity: float
    """Cosine that a passage must reach before it is quoted."""
    reranked: int = 0
    """Passages that a reranker reads, if there is one."""
    by_difficulty: bool = True
    """Whether easy questions go to the small model of the chain first."""


@dataclass(frozen=True, slots=True)
class TurnContext:
    """Everything that the nodes of one turn may use."""

    assistant: str
    subject: str
    encoder: Encoder
    injection: InjectionScreen
    intents: IntentClassifier
    knowledge: Knowledge
    models: tuple[ModelRoute, ...]
    limits: Limits
    tries: list[Usage] = field(default_factory=list)
    """Every try of a model in this turn, as they ended. The chain adds them; all of them are on the bill."""
    small_jobs: tuple[ModelRoute, ...] = ()
    """Models for what a visitor does not read as such: a question made to stand alone, a sentence written anew."""
    breakers: Breakers = field(default_factory=NoBreakers)
    personal: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What each token of the conversation stands for, as it grows. A model sees what its route `sees`; nobody else."""
    reranker: Reranker | None = None
    cache: AnswerCache = field(default_factory=NoCache)
    tools: ToolBox = field(default_factory=NoTools)
    marks: Marks = marked_by_letters
    """Which parts of attached files seem to hold instructions."""
    name_marks: Marks = marked_by_letters
    """Which names of files do."""
    people: str = ""
    """What a visitor who wants a person is told about when and where people are there."""
    canary: str = field(default_factory=lambda: secrets.token_hex(8))
    """A word that only this turn's instructions hold. Where an answer holds it, they have leaked."""
    fence: str = field(default_factory=lambda: secrets.token_hex(4))
    """A word of this turn's in the marks around what is data for a model, so that no text can close them."""
