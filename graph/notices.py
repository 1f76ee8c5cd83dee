"""Half a line for the visitor: which rung answered, and why not the one above it."""

from graph.errors import ContentRefused
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
    failed = draft.failed
    if failed and failed[-1].outcome != ContentRefused.label:  # whose answer says so itself
        return f"The model {failed[0].route} is {failed[0].outcome}, so {_WHO[rung]}."
    if draft.shortened:
        return "The answer was cut short at its longest length."
    return None
