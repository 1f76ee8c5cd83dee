"""The first rung: a capable model reads the passages and phrases the answer, shown while it streams."""

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import Reset, Token, Usage
from graph.models.chain import Answered, Delta, NoModelAnswered, Withdrawn, stream_answer
from graph.models.difficulty import in_order
from graph.prompts import DECLINED, NOT_IN_SOURCES, conversation
from graph.state import Draft, TurnState


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
    messages = conversation(
        question,
        passages,
        state.get("history", []),
        assistant=ctx.assistant,
        subject=ctx.subject,
    )
    shown = _Shown(runtime)
    try:
        async for event in stream_answer(routes, messages, limits=ctx.limits, breakers=ctx.breakers, note=ctx.tries.append):
            match event:
                case Delta(text=text):
                    shown.add(text)
                case Withdrawn(fault=fault, shown=True):
                    shown.withdraw(fault.label)
                case Answered() as answered:
                    shown.end()
                    return Draft(
                        text=answered.text.strip(),
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
        runtime.stream_writer(Token(DECLINED))
        return Draft(DECLINED, fault.declined.name, "fixed", verbatim=True, usage=fault.tries)
    raise AssertionError("the chain ends with an answer or raises")


class _Shown:
    """What the visitor sees of a stream. Holds back what may become the word for "not in the sources"."""

    def __init__(self, runtime: Runtime[TurnContext]) -> None:
        self._write = runtime.stream_writer
        self._held = ""
        self._begun = False

    def add(self, text: str) -> None:
        self._held += text
        if self._begun or not NOT_IN_SOURCES.startswith(self._held.strip()[: len(NOT_IN_SOURCES)]):
            self._write(Token(self._held))
            self._begun, self._held = True, ""

    def withdraw(self, reason: str) -> None:
        if self._begun:
            self._write(Reset(reason))
        self._begun, self._held = False, ""

    def end(self) -> None:
        if self._held and NOT_IN_SOURCES not in self._held:
            self._write(Token(self._held))
            self._held = ""
