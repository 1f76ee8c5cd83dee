"""Reply: sentences that are written down, for small talk, for the wish for a person, and for refusals."""

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import Token
from graph.prompts import REFUSED
from graph.state import Answer, TurnState


async def reply(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Give the written reply of the intent."""
    return _say(state["intent"].reply or REFUSED, runtime)


async def hand_over(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Tell a visitor who wants a person how it goes on."""
    people = runtime.context.people.replace("{", "{{").replace("}", "}}")
    return _say(f"{state['intent'].reply or ''} {people}".strip() or REFUSED, runtime)


async def refuse(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Decline without teaching an attacker what gave the message away."""
    return _say(REFUSED, runtime)


def _say(template: str, runtime: Runtime[TurnContext]) -> TurnState:
    ctx = runtime.context
    text = template.format(assistant=ctx.assistant, subject=ctx.subject)
    runtime.stream_writer(Token(text))
    return {"answer": Answer(text=text, answered_by="parley", rung="fixed")}
