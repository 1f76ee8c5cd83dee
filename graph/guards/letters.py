"""Tells by their letters alone which texts seem to instruct: what is left where no head knows the encoder."""

from collections.abc import Sequence

from graph.guards.lexical import signal
from graph.guards.normalise import decoded, plain

STRONG = 0.95
"""From this score on, a sign in the letters is enough."""
NAMES = 5.8
"""Log-odds from which the head for documents is believed of a file's name. It was made for sentences: harmless names
that sound like orders ("send to Anna", "read me first") come to five and more."""
LETTERS = "letters"
"""What the screen is called that judges by the letters alone."""


def marked_by_letters(texts: Sequence[str], above: Sequence[str] | None = None) -> list[bool]:
    """Whether each text, read below the headings `above` it, holds a strong sign, itself or in what is hidden in it."""
    return [any(by_letters(view) >= STRONG for view in views) for views in views_of(texts, above)]


def views_of(texts: Sequence[str], above: Sequence[str] | None) -> list[list[str]]:
    """Each text with what stands above it, plain and as it is once decoded."""
    whole = texts if above is None else [f"{head}\n\n{text}" for head, text in zip(above, texts, strict=True)]
    return [[plain(text), *decoded(text)] for text in whole]


def by_letters(view: str) -> float:
    """How strong the signs in a plain text are, in [0, 1]."""
    found = signal(view)
    return found.score if found else 0.0
