"""Calls of tools by a model that phrases. Whether one is made, the rule of containment decides, not the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from langchain_core.messages import BaseMessage, ToolCall
from pydantic import JsonValue

from graph.context import Passage, ToolOffer, TurnContext
from graph.errors import ToolFailed
from graph.events import Asked
from graph.guards.containment import Read, judge
from graph.guards.language import language_of
from graph.models.chain import Tools
from graph.prompts import called, conversation, numbered
from graph.state import TurnState

MOST_ROUNDS = 4
"""How often a model may call tools before it must answer."""
MOST_CALLS = 8
"""Calls that are heard of one round; a model that makes more hears nothing of the others."""

_UNKNOWN = "There is no such tool."
_FAILED = "The tool gave no result just now. Tell the visitor so if it was for them."
_MADE = "You have made this very call already in this turn. Go by its result."
_REFUSED = "This call was refused. Answer without it."


@dataclass(slots=True)
class Talk:
    """What is said to a model in one turn, with whose words each text is: nothing reaches it that is not in `read`.

    Attributes:
        passages: what answers may cite: of documents, of files, and what tools gave.
        called: tools that were called.
        contained: whether a call was refused.
        made: calls that were to change something, as the tool's name and its arguments.
        changed: of each of them, the sentence that tells how it went, and the tool's title.
    """

    ctx: TurnContext
    messages: list[BaseMessage]
    passages: list[Passage]
    read: list[Read]
    called: list[str] = field(default_factory=list)
    contained: bool = False
    made: list[tuple[str, Mapping[str, JsonValue]]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    rounds: int = 0

    @classmethod
    def of(cls, state: TurnState, ctx: TurnContext, passages: Sequence[Passage]) -> "Talk":
        """A talk about the question of a turn."""
        history = state.get("history", [])
        said = [message.text for message in reversed(history) if message.role == "visitor"]
        messages = conversation(
            state["question"],
            passages,
            history,
            assistant=ctx.assistant,
            subject=ctx.subject,
            language=language_of(state["question"], *said),
            fence=ctx.fence,
            canary=ctx.canary,
            tools=bool(ctx.tools.offers),
        )
        read = [Read("visitor", state["question"])]
        read += [Read("visitor" if said.role == "visitor" else "answer", said.text) for said in history]
        return cls(ctx, messages, list(passages), read + [_read(passage) for passage in passages])

    @property
    def tools(self) -> Tools | None:
        """What the model may call now."""
        offers = self.ctx.tools.offers
        return Tools([_schema(offer) for offer in offers], self.rounds < MOST_ROUNDS) if offers else None

    async def act(self, calls: Sequence[ToolCall]) -> Asked | None:
        """Make the calls that may be made, and tell the model what came of them.

        Returns:
            The first call that the visitor must decide on; then the turn is at its end.
        """
        self.rounds += 1
        results, read = [], tuple(self.read)  # what it had read when it called, for all calls of this round
        calls = list(calls[:MOST_CALLS])
        for call in calls:
            outcome = await self._one(call["name"], call["args"], read)
            if isinstance(outcome, Asked):
                return outcome
            results.append(outcome)
        self.messages += called(calls, results, self.ctx.fence)
        return None

    async def _one(self, name: str, arguments: Mapping[str, JsonValue], read: Sequence[Read]) -> str | Asked:
        """What the model is told of one call, or what the visitor is asked."""
        box = self.ctx.tools
        offer = next((offer for offer in box.offers if offer.name == name), None)
        if offer is None:
            return _UNKNOWN
        if wrong := box.wrong(name, arguments):
            return wrong
        judged = judge(changes=offer.changes, arguments=arguments, read=read)
        if judged.verdict == "refused":
            self.contained = True
            return _REFUSED
        stemming = {name: (value, judged.stems[name]) for name, value in arguments.items()}
        if offer.changes and (name, arguments) in self.made:
            return _MADE
        try:
            if judged.verdict == "confirm" or (offer.changes and await box.repeats(name, stemming)):
                return await box.ask(name, stemming)
            if offer.changes:
                self.made.append((name, arguments))
            found = await box.call(name, stemming)
        except ToolFailed:
            if offer.changes:
                self.changed.append(("confirm.failed", offer.title))
            return _FAILED
        finally:
            self.called.append(name)
        if offer.changes:
            self.changed.append(("confirm.done", offer.title))
        first = len(self.passages) + 1
        self.passages += found
        self.read += [_read(passage) for passage in found]
        return numbered(found, first=first)


def _read(passage: Passage) -> Read:
    return Read(passage.origin, f"{passage.title}\n{passage.heading}\n{passage.text}", passage.suspicious)


def _schema(offer: ToolOffer) -> dict[str, object]:
    function = {"name": offer.name, "description": offer.description, "parameters": offer.parameters}
    return {"type": "function", "function": function}
