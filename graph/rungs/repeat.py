"""The second rung, with a small model: it chooses what leads, and can say nothing that is not in a document.

A model of 135 million parameters that phrases freely gets answers wrong ("wait for a few months" of a document that
says no such thing), so its output is held by a grammar: it begins to repeat one of the passages' sentences, and as soon
as that one is certain, its passage leads an answer that is quoted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import Rung, Usage
from graph.knowledge.quote import Pick
from graph.models.chain import Answered, NoModelAnswered, stream_answer
from graph.prompts import selection
from graph.state import TurnState

CANDIDATES = 4
FEWEST_WORDS = 5
"""Shorter pieces, steps of a list, code and rows of a table do not lead an answer."""


@dataclass(frozen=True, slots=True)
class Led:
    """The picks in the order that a small model chose, the leading passage's first."""

    picks: list[Pick]
    answered_by: str
    rung: Rung
    usage: tuple[Usage, ...]


async def repeat(state: TurnState, runtime: Runtime[TurnContext], picks: Sequence[Pick]) -> Led | tuple[Usage, ...]:
    """Let the small models choose the leading sentence among the picks.

    Returns:
        What leads, or the failed tries: none when there is nothing to choose.
    """
    ctx = runtime.context
    routes = [route for route in ctx.models if not route.trusted]
    candidates = [pick for pick in sorted(picks, key=lambda pick: -pick.score) if _can_lead(pick)][:CANDIDATES]
    if not routes or not candidates:
        return ()
    sentences = [pick.piece.text for pick in candidates]
    try:
        async for event in stream_answer(
            routes,
            selection(state["question"], sentences),
            limits=ctx.limits,
            grammar=grammar_of(openings(sentences)),
            breakers=ctx.breakers,
            personal=ctx.personal,
            note=ctx.tries.append,
        ):
            if isinstance(event, Answered):
                return Led(
                    picks=_led(picks, candidates, event.text.strip()),
                    answered_by=event.route.name,
                    rung=event.route.rung,
                    usage=event.tries,
                )
    except NoModelAnswered as fault:
        return fault.tries
    raise AssertionError("the chain ends with an answer or raises")


def openings(sentences: Sequence[str]) -> list[str]:
    """The first words of each sentence, as many as it takes to tell it from the others."""
    found = []
    for sentence in sentences:
        words = sentence.split(" ")
        others = [other for other in sentences if other != sentence]
        lengths = range(1, len(words) + 1)
        texts = (" ".join(words[:length]) for length in lengths)
        found.append(next((text for text in texts if not any(o.startswith(text) for o in others)), sentence))
    return found


def grammar_of(texts: Sequence[str]) -> str:
    """A GBNF grammar that admits exactly one of the texts."""
    return "root ::= " + " | ".join(json.dumps(text, ensure_ascii=False) for text in dict.fromkeys(texts))


def _can_lead(pick: Pick) -> bool:
    text = pick.piece.text
    return (
        pick.piece.words >= FEWEST_WORDS
        and text.endswith((".", "!", "*", ")"))
        and not text.startswith(("```", "|", "-", "*  ", "+ ", "#"))
        and not text[0].isdigit()
        and "\n" not in text
    )


def _led(picks: Sequence[Pick], candidates: Sequence[Pick], text: str) -> list[Pick]:
    """The picks, those of the chosen sentence's passage first."""
    lead = next((pick for pick in candidates if text and pick.piece.text.startswith(text)), candidates[0])
    return sorted(picks, key=lambda pick: (pick.number != lead.number, pick.number, pick.order))
