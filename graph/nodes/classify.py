"""Classify: what does the visitor want?"""

from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.nodes.screen import vector_of
from graph.state import TurnState


async def classify(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Guess the intent, which decides the route."""
    return {"intent": runtime.context.intents.classify(state["question"], vector_of(state))}
