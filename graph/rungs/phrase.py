"""The first rung: a capable model reads the passages and phrases the answer, shown while it streams."""

import re
from collections.abc import Sequence
from dataclasses import replace

from langchain_core.messages import BaseMessage
from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import Reset, Token, Usage
from graph.guards.language import language_of
from graph.models.chain import Answered, Delta, NoModelAnswered, Withdrawn, stream_answer
from graph.models.difficulty import in_order
from graph.prompts import NOT_IN_SOURCES, conversation, revision
from graph.replies import language_for, said
from graph.state import Draft, TurnState

REVISION_S = 20.0
"""How long an answer may take to be put right."""
_MARK = re.compile(r"\[(\d{1,2})\]")
_MARK_BEGUN = re.compile(r"\[\d{0,2}$")


async def phrase(state: TurnState, runtime: Runtime[TurnContext]) -> Draft | tuple[Usage, ...]:
    """Let the capable models answer, one after the other.

    Returns:
        The draft, or the failed tries when none gave a whole answer. Nothing of those stays on the visitor's page.
    """
    ctx = runtime.context
    routes = [route for route in ctx.models if route.trusted]
    if not routes:
        return ()
    question, passages, choice = state["question"], state["passages"], ""
    if ctx.limits.by_difficulty:
        routes, choice = in_order(routes, question, passages)
    shown = _Shown(runtime, len(passages))
    try:
        async for event in stream_answer(
            routes, _asked(state, ctx), limits=ctx.limits, breakers=ctx.breakers, note=ctx.tries.append
        ):
            match event:
                case Delta(text=text):
                    shown.add(text)
                case Withdrawn(fault=fault, shown=True):
                    shown.withdraw(fault.label)
                case Answered() as answered:
                    shown.end()
                    return Draft(
                        text=shown.text,
                        answered_by=answered.route.name,
                        rung=answered.route.rung,
                        unknown=NOT_IN_SOURCES in answered.text,
                        shortened=answered.finish_reason == "length",
                        usage=answered.tries,
                        choice=choice,
                    )
    except NoModelAnswered as fault:
        shown.withdraw(fault.label)
        if fault.declined is None:
            return fault.tries
        text = said("declined", language_for(state))
        runtime.stream_writer(Token(text))
        return Draft(text, fault.declined.name, "fixed", verbatim=True, usage=fault.tries)
    raise AssertionError("the chain ends with an answer or raises")


async def revise(
    state: TurnState, runtime: Runtime[TurnContext], draft: Draft, unsupported: Sequence[str]
) -> tuple[str, tuple[Usage, ...]]:
    """Ask the model that wrote a draft to put right, once, what the passages do not support.

    Returns:
        The answer written anew, and the tries that it took. The text is empty if there is none.
    """
    ctx = runtime.context
    routes = [route for route in ctx.models if route.trusted and route.name == draft.answered_by]
    limits = replace(ctx.limits, turn_s=min(REVISION_S, ctx.limits.turn_s))
    messages = revision(_asked(state, ctx), draft.text, unsupported)
    try:
        async for event in stream_answer(routes, messages, limits=limits, breakers=ctx.breakers, note=ctx.tries.append):
            if isinstance(event, Answered):
                whole = event.finish_reason != "length" and NOT_IN_SOURCES not in event.text
                return event.text.strip() if whole else "", event.tries
    except NoModelAnswered as fault:
        return "", fault.tries
    raise AssertionError("the chain ends with an answer or raises")


def _asked(state: TurnState, ctx: TurnContext) -> list[BaseMessage]:
    history = state.get("history", [])
    return conversation(
        state["question"],
        state["passages"],
        history,
        assistant=ctx.assistant,
        subject=ctx.subject,
        language=language_of(state["question"], *(said.text for said in reversed(history) if said.role == "visitor")),
        canary=ctx.canary,
    )


class _Shown:
    """What the visitor sees of a stream.

    It holds back what may become the word for "not in the sources" or a mark, and leaves out marks that lead nowhere.
    """

    def __init__(self, runtime: Runtime[TurnContext], most: int) -> None:
        self._write = runtime.stream_writer
        self._most = most
        self._held = ""
        self._sent = ""

    @property
    def text(self) -> str:
        """All that stands on the page."""
        return self._sent

    def add(self, text: str) -> None:
        self._held += text
        if not self._sent and NOT_IN_SOURCES.startswith(self._held.strip()[: len(NOT_IN_SOURCES)]):
            return
        begun = _MARK_BEGUN.search(self._held)
        cut = begun.start() if begun else len(self._held.rstrip())
        self._send(self._held[:cut])
        self._held = self._held[cut:]

    def withdraw(self, reason: str) -> None:
        if self._sent:
            self._write(Reset(reason))
        self._sent = self._held = ""

    def end(self) -> None:
        if self._held and NOT_IN_SOURCES not in self._held:
            self._send(self._held.rstrip())
        self._held = ""

    def _send(self, text: str) -> None:
        text = _MARK.sub(lambda mark: mark[0] if 1 <= int(mark[1]) <= self._most else "", text)
        if not self._sent:
            text = text.lstrip()
        if text:
            self._write(Token(text))
            self._sent += text
