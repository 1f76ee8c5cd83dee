"""Half a line for the visitor: which rung answered, and why not the one above it."""

from graph.errors import ContentRefused
from graph.events import Rung
from graph.replies import said, state_of
from graph.state import Draft


def notice_of(draft: Draft, *, rung: Rung, language: str, extra: str | None = None) -> str | None:
    """The notice for an answer, or None when the first rung gave it whole.

    Args:
        extra: name of a written sentence that goes before all others.
    """
    if extra:
        return said(extra, language)
    failed = draft.failed
    if failed and failed[-1].outcome != ContentRefused.label:  # whose answer says so itself
        return said(f"fell_to_{rung}", language, model=failed[0].route, state=state_of(failed[0].outcome, language))
    if draft.shortened:
        return said("shortened", language)
    return None
