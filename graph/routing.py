"""Which node comes next."""

from typing import Literal

from graph.state import TurnState


def at_start(state: TurnState) -> Literal["screen", "carry_out"]:
    """A word on a call that waits is no question: nothing reads it."""
    return "carry_out" if state.get("decided") else "screen"


def after_screen(state: TurnState) -> Literal["refuse", "classify"]:
    """An attack is refused before anything else reads it."""
    return "refuse" if state["injection"].blocked else "classify"


def after_classify(state: TurnState) -> Literal["recall", "act", "reply", "hand_over", "refuse"]:
    """Whatever may be a question goes to the documents."""
    match state["intent"].route:
        case "tool":
            return "act"
        case "reply":
            return "reply"
        case "handover":
            return "hand_over"
        case "decline":
            return "reply" if state["intent"].reply else "refuse"
        case _:
            return "recall"


def after_recall(state: TurnState) -> Literal["retrieve", "__end__"]:
    """What was answered before is not answered anew."""
    return "retrieve" if state["recalled"] is None else "__end__"


def after_act(state: TurnState) -> Literal["check", "retrieve"]:
    """What the tools do not answer, the documents may."""
    return "retrieve" if state["draft"] is None else "check"
