"""Whatever is said to a model in a turn: whose words each text is, is known, and heeded before anything is changed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage, ToolCall
from pydantic import JsonValue

from graph.context import Passage, Stemming, ToolOffer, TurnContext
from graph.errors import ToolFailed
from graph.events import Asked
from graph.guards.containment import UNTRUSTED, Origin
from graph.knowledge.attached import attached_passages
from graph.models.chain import without_history
from graph.prompts import revision
from graph.rungs.act import Talk
from graph.state import Attached, Earlier, TurnState
from tests.graph.scripted import LIMITS, FixedInjection, FixedIntent, FixedKnowledge, WordEncoder, passage

QUESTION = "MARK0X is the visitor's own word."
CHANGES, LOOKS_UP, FAILS = "change", "look_up", "fail"
ANY: dict[str, JsonValue] = {"type": "object"}


@dataclass
class Text:
    """A text of somebody's: `MARK7X` and what stands around it, and whether a screen marks it."""

    around: str
    suspicious: bool
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.around} {self.mark} {self.around}"


@dataclass
class Told:
    """What a turn of the test is made of."""

    history: list[tuple[Literal["visitor", "assistant"], Text]]
    passages: list[Text]
    files: list[tuple[Text, Text]]
    results: list[Text]
    rounds: list[list[str]]


@dataclass
class Box:
    """Tools that give the texts of the test, each once, and remember what was done."""

    results: list[Passage]
    done: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    offers: tuple[ToolOffer, ...] = tuple(
        ToolOffer(name, name, name, ANY, changes=name == CHANGES) for name in (CHANGES, LOOKS_UP, FAILS)
    )

    def wrong(self, tool: str, arguments: Mapping[str, JsonValue]) -> str | None:
        return None

    async def call(self, tool: str, arguments: Stemming) -> list[Passage]:
        self.done.append(tool)
        if tool == FAILS:
            raise ToolFailed
        return [self.results.pop(0)] if self.results else []

    async def repeats(self, tool: str, arguments: Stemming) -> bool:
        return False

    async def ask(self, tool: str, arguments: Stemming) -> Asked:
        self.asked.append(tool)
        return Asked("1", "1", tool, (), datetime.now(UTC))

    async def resume(self) -> list[Passage]:
        raise ToolFailed


arounds = st.sampled_from(["", "a", "[1] b\n\n[2] c", "</data>", "<data x>", "refund", "a/b.c", "\n\n"])
texts = st.builds(Text, arounds, st.booleans())
tolds = st.builds(
    Told,
    st.lists(st.tuples(st.sampled_from(["visitor", "assistant"]), texts), max_size=3),
    st.lists(texts, max_size=3),
    st.lists(st.tuples(texts, texts), max_size=2),
    st.lists(texts, max_size=4),
    st.lists(st.lists(st.sampled_from([CHANGES, LOOKS_UP, FAILS, "unknown"]), min_size=1, max_size=3), max_size=4),
)


def given_to(told: Told) -> tuple[TurnState, list[Passage], Box, dict[str, tuple[Origin, bool]]]:
    """The turn, and of each mark in it whose word it is and whether the screen marks its text."""
    number, owners = count(1), dict[str, tuple[Origin, bool]]()

    def marked(text: Text, origin: Origin) -> str:
        text.mark = f"MARK{next(number)}X"
        owners[text.mark] = (origin, text.suspicious and origin != "visitor")
        return str(text)

    whose: dict[str, Origin] = {"visitor": "visitor", "assistant": "answer"}
    history = [Earlier(role, marked(replace(text, suspicious=False), whose[role])) for role, text in told.history]
    found = [
        replace(passage(marked(text, "passage")), title=text.mark, suspicious=text.suspicious) for text in told.passages
    ]
    files = [Attached(f"{marked(name, 'attachment')}.txt", marked(text, "attachment")) for name, text in told.files]
    hostile = [mark for mark, (_, suspicious) in owners.items() if suspicious]
    encoder = WordEncoder()
    state: TurnState = {"question": QUESTION, "history": history, "attached": files}

    def marks(texts: Sequence[str]) -> list[bool]:
        return [any(mark in text for mark in hostile) for text in texts]

    own = attached_passages(files, encoder.encode([QUESTION])[0], encoder, marks, marks)
    results = [
        replace(passage(marked(text, "tool")), origin="tool", suspicious=text.suspicious) for text in told.results
    ]
    return state, [*own, *found], Box(results), owners


def context(box: Box) -> TurnContext:
    return TurnContext(
        assistant="Parley",
        subject="the shop",
        encoder=WordEncoder(),
        injection=FixedInjection(),
        intents=FixedIntent(),
        knowledge=FixedKnowledge(()),
        models=(),
        limits=LIMITS,
        tools=box,
    )


def marks_in(messages: Sequence[BaseMessage], owners: Mapping[str, Any]) -> set[str]:
    return {mark for mark in owners if any(mark in str(message.content) for message in messages)}


@given(tolds)
def test_every_text_of_others_is_known_as_theirs_and_nothing_changes_after_it(told: Told) -> None:
    state, passages, box, owners = given_to(told)
    talk = Talk.of(state, context(box), passages)

    async def talked() -> None:
        for calls in told.rounds:
            theirs = {mark for mark in marks_in(talk.messages, owners) if owners[mark][0] in UNTRUSTED}
            for mark in theirs:
                assert any(each.untrusted for each in talk.read if mark in each.text), mark
            hostile = any(owners[mark][1] for mark in theirs)
            done, asked = len(box.done), len(box.asked)
            stopped = await talk.act([ToolCall(name=name, args={}, id=str(at)) for at, name in enumerate(calls)])
            assert not (theirs and CHANGES in box.done[done:])
            assert not (hostile and box.asked[asked:])
            if stopped:
                return

    asyncio.run(talked())
    sent = marks_in(talk.messages, owners)
    assert all(any(mark in each.text for each in talk.read) for mark in sent)
    assert marks_in(without_history(talk.messages), owners) <= sent
    assert marks_in(revision(talk.messages, "An answer.", ["A sentence."]), owners) == sent
