"""A chain of two hosted models, each played by a server of its own, and the real small model."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from langchain_core.messages import HumanMessage

from app.model_files import CHAT, checked
from graph.context import Limits, ModelRoute
from graph.models.chain import Answered, Attempt, Delta, Withdrawn, stream_answer
from graph.models.hosted import HostedChatModel
from graph.models.local import LocalChatModel
from tests.doubles.openai_server import Answer, Server, serve

FALLBACK_TEXT = "The second model says how refunds work."
LIMITS = Limits(passages=6, answer_tokens=24, history_messages=6, turn_s=10.0, waits_s=1.0, min_similarity=0.4)


def route(model: HostedChatModel | LocalChatModel, name: str) -> ModelRoute:
    """A route with deadlines that a test can wait for."""
    local = isinstance(model, LocalChatModel)
    return ModelRoute(
        name=name,
        rung="local" if local else "hosted",
        model=model,
        first_token_s=30.0 if local else 1.5,
        between_tokens_s=10.0 if local else 1.0,
        trusted=not local,
    )


@dataclass
class Transcript:
    """What a chain did."""

    events: list[Attempt | Delta | Withdrawn | Answered] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """The text that a visitor sees at the end, when each withdrawal clears the page."""
        text = ""
        for event in self.events:
            if isinstance(event, Delta):
                text += event.text
            elif isinstance(event, Withdrawn) and event.shown:
                text = ""
        return text

    @property
    def answered(self) -> Answered:
        """The last event."""
        last = self.events[-1]
        assert isinstance(last, Answered)
        return last

    @property
    def withdrawals(self) -> list[tuple[str, bool]]:
        """Fault and whether text was taken back, of each failed try."""
        return [(event.fault.label, event.shown) for event in self.events if isinstance(event, Withdrawn)]


@dataclass
class Chain:
    """Two hosted models behind two servers."""

    first: Server
    second: Server
    routes: list[ModelRoute]

    async def ask(self, question: str = "How do refunds work?", *, limits: Limits = LIMITS) -> Transcript:
        """Let the chain answer."""
        transcript = Transcript()
        async for event in stream_answer(self.routes, [HumanMessage(question)], limits=limits):
            transcript.events.append(event)
        return transcript


@pytest.fixture
async def chain() -> AsyncIterator[Chain]:
    """A chain whose second model answers `FALLBACK_TEXT`."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serve())
        second = await stack.enter_async_context(serve([Answer(FALLBACK_TEXT)]))
        models = [HostedChatModel(model="m", base_url=server.url) for server in (first, second)]
        for model in models:
            stack.push_async_callback(model.aclose)
        yield Chain(first, second, [route(models[0], "first"), route(models[1], "second")])


@pytest.fixture(scope="session")
def local_model() -> Iterator[LocalChatModel]:
    """The small model that an installation brings."""
    model = LocalChatModel.open(checked(CHAT), context_tokens=1024)
    yield model
    model.close()
