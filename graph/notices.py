"""Half a line for the visitor: which rung answered, and why not the one above it."""

from graph.events import Rung
from graph.state import Draft

_WHO = {
    "hosted": "another hosted model answered",
    "local": "the local model answered",
    "quote": "here is what the documents say",
    "fixed": "no model was asked",
}


def notice_of(draft: Draft, *, rung: Rung, extra: str | None = None) -> str | None:
    """The notice for an answer, or None when the first rung gave it whole."""
    if extra:
        return extra
    if draft.attempts:
        return f"The model {draft.attempts[0].model} is {draft.attempts[0].fault}, so {_WHO[rung]}."
    if draft.shortened:
        return "The answer was cut short at its longest length."
    return None
