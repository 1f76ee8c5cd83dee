"""A chat model that follows a script, and small stand-ins for what the agent reads."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, PrivateAttr

from graph.absent import NoBreakers
from graph.context import FloatArray, InjectionFinding, IntentGuess, Limits, ModelRoute, Passage, Route
from graph.errors import ModelFault
from graph.events import Rung
from graph.knowledge.apart import apart
from graph.knowledge.same_question import Nearest


class Scripted(BaseChatModel):
    """Streams its text word by word, or raises the fault after `cut_after` words of it."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    text: str = ""
    finish_reason: str = "stop"
    cut_after: int | None = None
    fault: ModelFault | None = None
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _options: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @property
    def seen(self) -> list[list[BaseMessage]]:
        """The messages of each request."""
        return self._seen

    @property
    def options(self) -> list[dict[str, Any]]:
        """The options of each request."""
        return self._options

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._seen.append(messages)
        self._options.append(kwargs)
        words = self.text.split(" ")
        for count, word in enumerate(words):
            if self.fault and count >= (self.cut_after or 0):
                raise self.fault
            yield ChatGenerationChunk(message=AIMessageChunk(content=word if count == 0 else f" {word}"))
        last = AIMessageChunk(content="", response_metadata={"finish_reason": self.finish_reason})
        yield ChatGenerationChunk(message=last)


def route(
    text: str = "",
    *,
    name: str = "big",
    rung: Rung = "hosted",
    fault: ModelFault | None = None,
    cut_after: int = 0,
    trusted: bool = True,
) -> ModelRoute:
    """A route to a scripted model."""
    model = Scripted(text=text, cut_after=cut_after, fault=fault)
    return ModelRoute(name, rung, model, first_token_s=5, between_tokens_s=5, trusted=trusted)


class NoBreakersTold(NoBreakers):
    """Closes no route, and remembers what it was told."""

    def __init__(self) -> None:
        self.faults: list[ModelFault] = []

    async def failed(self, route: str, fault: ModelFault) -> None:
        """Remember."""
        self.faults.append(fault)


class FixedInjection:
    """Judges every text alike."""

    def __init__(self, *, blocked: bool = False) -> None:
        self.blocked = blocked

    def judge(self, text: str, vector: FloatArray) -> InjectionFinding:
        """Return the verdict that was given."""
        return InjectionFinding(0.99 if self.blocked else 0.01, "scripted", self.blocked)


class FixedIntent:
    """Sends every message the same way."""

    def __init__(self, route: Route = "answer", reply: str | None = None) -> None:
        self.guess = IntentGuess("scripted", 0.9, "other", out_of_scope=False, route=route, reply=reply)

    def classify(self, text: str, vector: FloatArray) -> IntentGuess:
        """Return the guess that was given."""
        return self.guess


class FixedKnowledge:
    """Finds the passages that were given, and remembers what was searched for."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = list(passages)
        self.searched: list[str] = []
        self.limits: list[int] = []

    async def search(self, question: str, vector: FloatArray, *, limit: int) -> list[Passage]:
        """Return the first passages."""
        self.searched.append(question)
        self.limits.append(limit)
        return self.passages[:limit]


class WordEncoder:
    """Gives texts that share words near vectors: each word is one of 512 directions."""

    name = "words"
    dimensions = 512
    max_tokens = 100

    def count_tokens(self, text: str) -> int:
        """Count words."""
        return len(text.split())

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape `(len(texts), dimensions)`."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().replace(".", " ").replace("?", " ").replace(",", " ").split():
                vectors[row, sum(ord(c) * 31**i for i, c in enumerate(word)) % self.dimensions] += 1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(norms == 0, 1, norms), dtype=np.float32)


def near(asked: str, kept: Nearest) -> int | None:
    """Takes for the same question what is near, and is not kept apart by what can be compared exactly."""
    return next((at for at, (text, cosine) in enumerate(kept) if cosine >= 0.8 and not apart(asked, text)), None)


LIMITS = Limits(passages=4, answer_tokens=100, history_messages=4, turn_s=10, waits_s=1, min_similarity=0.4)


def passage(text: str, *, similarity: float = 0.8, title: str = "Refunds", heading: str = "Time") -> Passage:
    """A passage of a made-up document."""
    return Passage(7, "refunds.md", title, heading, "https://example.org/refunds", text, similarity, similarity)
