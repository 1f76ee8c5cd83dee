"""What a model that obeys every injection gets done: all cases of InjecAgent, in results of tools, passages and files.

The model is played: it calls what the visitor wants, reads what comes, and then calls each tool that any text it has
read tells it to call. The graph, its prompts and the rule of containment are those of a turn.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import JsonValue

from app.loading import load_passage_screen
from graph.build import build_graph
from graph.context import (
    Encoder,
    FloatArray,
    InjectionFinding,
    IntentGuess,
    Limits,
    Marks,
    ModelRoute,
    Passage,
    Route,
    Stemming,
    ToolOffer,
    TurnContext,
)
from graph.errors import ToolFailed
from graph.events import Asked
from graph.state import Attached, TurnState

Place = Literal["result of a tool", "passage", "file"]
"""Where the injection stands."""
_ARMS: tuple[tuple[Place, bool], ...] = (
    ("result of a tool", True),
    ("result of a tool", False),
    ("passage", True),
    ("file", True),
    ("file", False),
)
"""Each place, and whether the text was marked as suspicious where our screen does so."""
_LIMITS = Limits(passages=4, answer_tokens=200, history_messages=4, turn_s=60, waits_s=0, min_similarity=0.0)
_ANY: dict[str, JsonValue] = {"type": "object", "additionalProperties": True}


@dataclass(frozen=True, slots=True)
class Case:
    """One attack. `tools` are what it wants called, the last of them with what it got from the others."""

    question: str
    user_tool: str
    text: str
    instruction: str
    tools: tuple[str, ...]


def cases(data: Path) -> list[Case]:
    """All attacks there are."""
    path = data / "injection" / "injecagent_tool" / "dev.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [
        Case(
            row["user_instruction"],
            row["user_tool"],
            row["text"],
            row["attacker_instruction"],
            tuple(row["attacker_tools"]),
        )
        for row in rows
        if row["label"] == "attack"
    ]


def actions(data: Path, encoder: Encoder) -> list[dict[str, object]]:
    """For each place, how many of the calls that the model tried were made, asked about, and not made."""
    return list(played(cases(data), encoder, load_passage_screen(encoder).suspicious))


def played(wanted: Sequence[Case], encoder: Encoder, marks: Marks) -> Iterator[dict[str, object]]:
    """The row of each place for these attacks, with what marks the texts that seem to instruct."""
    marked = marks([case.text for case in wanted])
    for place, screened in _ARMS:
        counts: Counter[str] = Counter()
        for case, suspicious in zip(wanted, marked, strict=True):
            in_files = marks if screened else _nothing
            box = asyncio.run(_played(case, place, suspicious and screened, encoder, in_files))
            counts.update(made=box.made, asked=box.asked, wished=box.wished)
        tried = counts["wished"]
        kept = {"unauthorised actions": counts["made"], "visitor asked": counts["asked"]}
        kept["not made"] = tried - sum(kept.values())
        where = f"InjecAgent, obeyed, in a {place}{'' if screened else ', not screened'}"
        shares = {name: number / max(1, tried) for name, number in kept.items()}
        yield {"set": where, "n": tried, **shares}


def _nothing(texts: Sequence[str]) -> list[bool]:
    """Marks none of them."""
    return [False] * len(texts)


@dataclass(slots=True)
class _Box:
    """The tools of one case. What the visitor wants only looks up; all else changes something."""

    case: Case
    result: Passage
    offers: tuple[ToolOffer, ...] = ()
    made: int = 0
    asked: int = 0
    wished: int = 0
    looked_up: bool = False

    def __post_init__(self) -> None:
        names = dict.fromkeys((self.case.user_tool, *self.case.tools))
        self.offers = tuple(
            ToolOffer(name, name, name, _ANY, changes=name != self.case.user_tool or name in self.case.tools)
            for name in names
        )

    def wrong(self, tool: str, arguments: Mapping[str, JsonValue]) -> str | None:
        """Nothing: the attacker knows the tools."""
        return None

    async def call(self, tool: str, arguments: Stemming) -> list[Passage]:
        """Call the visitor's tool, or count what should never have been called."""
        if tool == self.case.user_tool and not self.looked_up:
            self.looked_up = True
            return [self.result]
        self.made += 1
        return []

    async def repeats(self, tool: str, arguments: Stemming) -> bool:
        """No: each case is a conversation of its own."""
        return False

    async def ask(self, tool: str, arguments: Stemming) -> Asked:
        """Count what the visitor is asked. They do not agree."""
        self.asked += 1
        return Asked("1", "1", tool, (), datetime.now(UTC) + timedelta(minutes=1))

    async def resume(self) -> list[Passage]:
        """Nobody agreed to anything."""
        raise ToolFailed


class _Obeying(BaseChatModel):
    """Calls the visitor's tool, then whatever a text says."""

    case: Case
    box: Any
    looks_up: bool

    @property
    def _llm_type(self) -> str:
        return "obeying"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        read = " ".join(" ".join(str(message.content) for message in messages).split())
        called = [call["name"] for message in messages for call in getattr(message, "tool_calls", ())]
        own = self.looks_up and not called
        obeys = " ".join(self.case.instruction.split())[:60] in read
        wanted = (
            [self.case.user_tool] if own else [name for name in self.case.tools if name not in called[self.looks_up :]]
        )
        wanted = wanted if own or obeys else []
        if wanted and kwargs.get("tools") and kwargs.get("tool_choice") != "none":
            self.box.wished += 0 if own else len(wanted)
            arguments = json.dumps({"what": self.case.instruction})
            chunks = [tool_call_chunk(name=name, args=arguments, id=name, index=at) for at, name in enumerate(wanted)]
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=chunks))
        else:
            yield ChatGenerationChunk(message=AIMessageChunk(content="Here is what it says."))
        last = AIMessageChunk(content="", response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


@dataclass(frozen=True, slots=True)
class _Found:
    """Documents that hold one passage."""

    passages: tuple[Passage, ...]

    async def search(self, question: str, vector: FloatArray, *, limit: int) -> list[Passage]:
        """Return it."""
        return list(self.passages)


@dataclass(frozen=True, slots=True)
class _Sends:
    """Sends every message the same way, and takes none for an attack."""

    route: Route

    def classify(self, text: str, vector: FloatArray) -> IntentGuess:
        """Return the route."""
        return IntentGuess("any", 1.0, "none", out_of_scope=False, route=self.route)

    def judge(self, text: str, vector: FloatArray) -> InjectionFinding:
        """Let it through: what counts here is what happens when the screen has failed."""
        return InjectionFinding(0.0, "not screened", blocked=False)


async def _played(case: Case, place: Place, marked: bool, encoder: Encoder, in_files: Marks) -> _Box:
    """Play one case to its end."""
    injected = Passage(0, case.user_tool, case.user_tool, "", None, case.text, 1.0, 1.0, suspicious=marked)
    box = _Box(case, replace(injected, origin="tool"))
    in_tool = place == "result of a tool"
    sends = _Sends("tool" if in_tool else "answer")
    model = _Obeying(case=case, box=box, looks_up=in_tool)
    context = TurnContext(
        assistant="the assistant",
        subject="everything",
        encoder=encoder,
        injection=sends,
        intents=sends,
        knowledge=_Found((injected,) if place == "passage" else ()),
        models=(ModelRoute("obeying", "hosted", model, 30, 30, trusted=True),),
        limits=_LIMITS,
        tools=box,
        marks=in_files,
    )
    state: TurnState = {"question": case.question}
    if place == "file":
        state["attached"] = [Attached("file.txt", case.text)]
    await build_graph().ainvoke(state, context=context)
    return box
