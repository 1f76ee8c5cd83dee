"""The first rung: a capable model reads the passages and phrases the answer, shown while it streams."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from langgraph.runtime import Runtime

from graph.asking import asking
from graph.context import ModelRoute, Passage, TurnContext
from graph.events import Reset, Token, Usage
from graph.models.chain import Answered, Delta, NoModelAnswered, Withdrawn, stream_answer
from graph.models.difficulty import in_order
from graph.prompts import NOT_IN_SOURCES, revision
from graph.replies import language_for, said
from graph.rungs.act import MOST_ROUNDS, Talk
from graph.state import Draft, TurnState

REVISION_S = 20.0
"""How long an answer may take to be put right."""
_MARK = re.compile(r"\[(\d{1,2})\]")
_MARK_BEGUN = re.compile(r"\[\d{0,2}$")


@dataclass(frozen=True, slots=True)
class Phrased:
    """A draft, and the passages that it may cite: those that were found, and what tools gave."""

    draft: Draft
    passages: list[Passage]


async def phrase(
    state: TurnState, runtime: Runtime[TurnContext], passages: Sequence[Passage]
) -> Phrased | tuple[Usage, ...]:
    """Let the capable models answer from these passages, one after the other, calling tools where some are offered.

    Returns:
        The draft, or the failed tries when none gave a whole answer. Nothing of those stays on the visitor's page.
    """
    ctx = runtime.context
    routes, choice = [route for route in ctx.models if route.trusted], ""
    if not routes:
        return ()
    if ctx.limits.by_difficulty:
        routes, choice = in_order(routes, state["question"], passages)
    talk = Talk.of(state, ctx, passages)
    shown = _Shown(runtime)
    tries: tuple[Usage, ...] = ()
    clock = asyncio.get_running_loop().time
    ends_at = clock() + ctx.limits.turn_s
    while (within_s := ends_at - clock()) > 0:
        shown.most = len(talk.passages)
        try:
            answered = await _answered(talk, routes, shown, within_s=within_s)
        except NoModelAnswered as fault:
            tries += fault.tries
            if talk.changed:
                return _told(talk, runtime, language_for(state), tries)
            if fault.declined is None:
                return tries
            text = said("declined", language_for(state))
            runtime.stream_writer(Token(text))
            return Phrased(Draft(text, fault.declined.name, "fixed", verbatim=True, usage=tries), talk.passages)
        tries += answered.tries
        if not answered.calls or talk.rounds >= MOST_ROUNDS:
            shown.end()
            if talk.changed and (NOT_IN_SOURCES in answered.text or not shown.text):
                shown.withdraw("something was done")
                return _told(talk, runtime, language_for(state), tries)
            draft = Draft(
                text=shown.text,
                answered_by=answered.route.name,
                rung=answered.route.rung,
                unknown=NOT_IN_SOURCES in answered.text or not shown.text,
                shortened=answered.finish_reason == "length",
                usage=tries,
                choice=choice,
                called=tuple(talk.called),
                contained=talk.contained,
            )
            return Phrased(draft, talk.passages)
        shown.withdraw("calls a tool")
        if asked := await talk.act(answered.calls):
            text = "\n\n".join(filter(None, (_changes(talk, language_for(state)), asking(asked, language_for(state)))))
            runtime.stream_writer(Token(text))
            route = answered.route
            draft = Draft(text, route.name, route.rung, verbatim=True, usage=tries, choice=choice, asked=asked)
            return Phrased(replace(draft, called=tuple(talk.called), contained=talk.contained), talk.passages)
    # The tools took all the time there was.
    return _told(talk, runtime, language_for(state), tries) if talk.changed else tries


def _told(talk: Talk, runtime: Runtime[TurnContext], language: str, tries: tuple[Usage, ...]) -> Phrased:
    """What was done, in written sentences: it is told even when no model is left to phrase it."""
    text = _changes(talk, language)
    runtime.stream_writer(Token(text))
    draft = Draft(text, "parley", "fixed", verbatim=True, usage=tries, called=tuple(talk.called))
    return Phrased(replace(draft, contained=talk.contained), talk.passages)


def _changes(talk: Talk, language: str) -> str:
    return " ".join(said(sentence, language, title=title) for sentence, title in talk.changed)


async def _answered(talk: Talk, routes: Sequence[ModelRoute], shown: "_Shown", *, within_s: float) -> Answered:
    """Stream one answer to the visitor's page. All rounds of a talk share the time of a turn.

    Raises:
        NoModelAnswered: there is none; the page is empty again.
    """
    ctx = talk.ctx
    try:
        async for event in stream_answer(
            routes,
            talk.messages,
            limits=replace(ctx.limits, turn_s=within_s),
            tools=talk.tools,
            breakers=ctx.breakers,
            personal=ctx.personal,
            note=ctx.tries.append,
        ):
            match event:
                case Delta(text=text):
                    shown.add(text)
                case Withdrawn(fault=fault, shown=True):
                    shown.withdraw(fault.label)
                case Answered() as answered:
                    return answered
    except NoModelAnswered as fault:
        shown.withdraw(fault.label)
        raise
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
    messages = revision(Talk.of(state, ctx, state["passages"]).messages, draft.text, unsupported)
    try:
        async for event in stream_answer(
            routes, messages, limits=limits, breakers=ctx.breakers, personal=ctx.personal, note=ctx.tries.append
        ):
            if isinstance(event, Answered):
                whole = event.finish_reason != "length" and NOT_IN_SOURCES not in event.text
                return event.text.strip() if whole else "", event.tries
    except NoModelAnswered as fault:
        return "", fault.tries
    raise AssertionError("the chain ends with an answer or raises")


class _Shown:
    """What the visitor sees of a stream.

    It holds back what may become the word for "not in the sources" or a mark, and leaves out marks that lead nowhere.
    """

    def __init__(self, runtime: Runtime[TurnContext]) -> None:
        self._write = runtime.stream_writer
        self.most = 0
        """How many passages there are to cite."""
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
        text = _MARK.sub(lambda mark: mark[0] if 1 <= int(mark[1]) <= self.most else "", text)
        if not self._sent:
            text = text.lstrip()
        if text:
            self._write(Token(text))
            self._sent += text
