"""The real small model under a scheduler that a test drives step by step, without a thread."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from app.model_files import CHAT, checked
from graph.errors import ModelFault
from graph.models.local.load import Loaded, load
from graph.models.local.request import Finished, Piece, Request
from graph.models.local.sampling import Sampling
from graph.models.local.schedule import Scheduler
from graph.models.local.template import Template

WINDOW = 512
SLOTS = 4


@dataclass
class Asked:
    """A request and what it was given."""

    request: Request
    given: list[Piece] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(piece for piece in self.given if isinstance(piece, str))

    @property
    def pieces(self) -> int:
        return sum(isinstance(piece, str) for piece in self.given)

    @property
    def fault(self) -> ModelFault | None:
        return next((piece for piece in self.given if isinstance(piece, ModelFault)), None)

    @property
    def ended(self) -> bool:
        return bool(self.given) and not isinstance(self.given[-1], str)

    @property
    def finished(self) -> Finished:
        last = self.given[-1]
        assert isinstance(last, Finished), last
        return last


@dataclass
class Driver:
    """A scheduler in the hands of a test."""

    loaded: Loaded
    template: Template
    scheduler: Scheduler

    def ask(self, question: str, sampling: Sampling | None = None, *, system: str = "") -> Asked:
        """Put a request into the line."""
        messages = [*([SystemMessage(system)] if system else []), HumanMessage(question)]
        asked: Asked
        prompt = self.template.tokens(messages)
        asked = Asked(Request(prompt, sampling or Sampling(max_tokens=24), lambda piece: asked.given.append(piece)))
        self.scheduler.add(asked.request)
        return asked

    def run(self, most: int = 2000) -> None:
        """Step until nothing is left to do."""
        for _ in range(most):
            if not self.scheduler.open:
                return
            self.scheduler.step()
        raise AssertionError("the scheduler does not come to an end")

    def alone(self, question: str, sampling: Sampling | None = None, *, system: str = "") -> str:
        """The text of a request that runs alone on an empty context. Leaves the context empty."""
        self.scheduler.forget()
        asked = self.ask(question, sampling, system=system)
        self.run()
        self.scheduler.forget()
        return asked.text


@pytest.fixture(scope="session")
def loaded() -> Iterator[Loaded]:
    model = load(checked(CHAT), context_tokens=WINDOW, memory_tokens=SLOTS * WINDOW, slots=SLOTS)
    yield model
    model.close()


@pytest.fixture(scope="session")
def template(loaded: Loaded) -> Template:
    return Template(loaded.vocabulary)


@pytest.fixture
def driver(loaded: Loaded, template: Template) -> Iterator[Driver]:
    """A scheduler with nothing in it; what a test leaves behind is removed."""
    loaded.context.clear()
    scheduler = Scheduler(loaded)
    yield Driver(loaded, template, scheduler)
    scheduler.fail(ModelFault("The test is over."))


@pytest.fixture
def narrow(template: Template) -> Iterator[Driver]:
    """As `driver`, but all sequences together have the cells of one context window."""
    model = load(checked(CHAT), context_tokens=WINDOW, memory_tokens=WINDOW, slots=SLOTS)
    yield Driver(model, template, Scheduler(model))
    model.close()
