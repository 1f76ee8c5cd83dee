"""Act: the tools do what the visitor wants, at their word."""

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.errors import ToolFailed
from graph.events import Token
from graph.nodes.check import source_of
from graph.replies import language_for, said
from graph.rungs.phrase import Phrased, phrase
from graph.state import Answer, TurnState


async def act(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Let a model do with the tools what the visitor wants. It reads no document, so that none can have caused it.

    There is no draft where the tools have no answer: then the documents are asked.
    """
    outcome = await phrase(state, runtime, ()) if runtime.context.tools.offers else ()
    if isinstance(outcome, Phrased) and (outcome.draft.called or not outcome.draft.unknown):
        return {"draft": outcome.draft, "passages": outcome.passages}
    return {"draft": None}


async def carry_out(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Do what the visitor has agreed to, and nothing else; no model is asked."""
    decided, language = state["decided"], language_for(state)
    assert decided is not None  # noqa: S101 - as it was routed
    if decided.outcome != "agreed":
        return _say(said(f"confirm.{decided.outcome}", language, title=decided.title), runtime)
    try:
        found = await runtime.context.tools.resume()
    except ToolFailed:
        return _say(said("confirm.failed", language, title=decided.title), runtime)
    text = said("confirm.done", language, title=decided.title)
    for number, passage in enumerate(found, start=1):
        text += f" [{number}]"
        runtime.stream_writer(source_of(number, passage))
    return _say(text, runtime, tuple(range(1, len(found) + 1)))


def _say(text: str, runtime: Runtime[TurnContext], cited: tuple[int, ...] = ()) -> TurnState:
    runtime.stream_writer(Token(text))
    return {"answer": Answer(text, answered_by="parley", rung="fixed", cited=cited)}
