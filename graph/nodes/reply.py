"""Reply: sentences that are written down, for small talk, for the wish for a person, and for refusals."""

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import Token
from graph.replies import language_for, said, said_of_intent
from graph.state import Answer, TurnState


async def reply(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Give the written reply of the intent."""
    return _say(_reply_of(state, runtime) or _refusal(state, runtime), runtime)


async def hand_over(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Tell a visitor who wants a person how it goes on."""
    text = f"{_reply_of(state, runtime)} {runtime.context.people}".strip()
    return _say(text or _refusal(state, runtime), runtime)


async def refuse(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Decline without teaching an attacker what gave the message away."""
    return _say(_refusal(state, runtime), runtime)


def _reply_of(state: TurnState, runtime: Runtime[TurnContext]) -> str:
    ctx, intent = runtime.context, state["intent"]
    template = said_of_intent(intent.name, intent.reply or "", language_for(state))
    return template.format(assistant=ctx.assistant, subject=ctx.subject)


def _refusal(state: TurnState, runtime: Runtime[TurnContext]) -> str:
    return said("refused", language_for(state), subject=runtime.context.subject)


def _say(text: str, runtime: Runtime[TurnContext]) -> TurnState:
    runtime.stream_writer(Token(text))
    return {"answer": Answer(text=text, answered_by="parley", rung="fixed")}
