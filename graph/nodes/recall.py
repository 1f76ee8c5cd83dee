"""Recall: an answer that was given before to the same question."""

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import ANSWERED, Token
from graph.guards.language import language_of
from graph.guards.pseudonyms import holds_token
from graph.nodes.screen import vector_of
from graph.state import Answer, Recalled, TurnState

MOST_CHARS = 300
"""A longer question tells of a case of its own."""


async def recall(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Give the answer that the cache has, with its sources."""
    ctx = runtime.context
    if not stands_alone(state):
        return {"recalled": None}
    kept = await ctx.cache.find(state["question"], vector_of(state), language_of(state["question"]))
    if kept is None:
        return {"recalled": None}
    runtime.stream_writer(Token(kept.text))
    for source in kept.sources:
        runtime.stream_writer(source)
    recalled = Recalled(kept.entry, kept.exact, kept.similarity)
    cited = tuple(source.number for source in kept.sources)
    return {
        "recalled": recalled,
        "answer": Answer(kept.text, kept.answered_by, kept.rung, cited, recalled=recalled),
    }


def stands_alone(state: TurnState) -> bool:
    """Whether the answer depends on the question and the documents, and on nothing of this visitor's."""
    return not (
        state.get("history")
        or state.get("attached")
        or len(state["question"]) > MOST_CHARS
        or holds_token(state["question"])
    )


def worth_keeping(answer: Answer) -> bool:
    """Whether an answer may be given again: a model's, whole, with sources, without tools and without personal data.

    A quotation is quicker made than looked up with care, and one that a fault led to would outlive the fault.
    """
    return (
        answer.recalled is None
        and answer.rung in {"hosted", "local"}
        and bool(answer.cited)
        and answer.notice is None
        and not answer.shortened
        and all(used.outcome == ANSWERED for used in answer.usage)
        and not answer.called
        and not answer.contained
        and not holds_token(answer.text)
    )
