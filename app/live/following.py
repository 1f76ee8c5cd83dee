"""What a reader of an answer is told: the difference between what they have seen and how the answer stands."""

from collections.abc import Iterator
from dataclasses import dataclass

from graph.events import Asked, Rung, Source


@dataclass(frozen=True, slots=True)
class Position:
    """How much of an answer a reader has seen.

    Attributes:
        attempt: which process's answer it was, counted from 1.
        withdrawn: how often that one had taken its text back.
        offset: characters of the text since.
    """

    attempt: int = 0
    withdrawn: int = 0
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.attempt}.{self.withdrawn}.{self.offset}"


def read_position(text: str | None) -> Position:
    """What a reader sent back, or the beginning when it is nothing of ours."""
    try:
        attempt, withdrawn, offset = map(int, (text or "").split("."))
    except ValueError:
        return Position()
    return Position(attempt, withdrawn, offset) if min(attempt, withdrawn, offset) >= 0 else Position()


@dataclass(frozen=True, slots=True)
class More:
    """The next piece of the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Anew:
    """All text so far is taken back."""


@dataclass(frozen=True, slots=True)
class At:
    """A step of the agent has ended."""

    step: str


@dataclass(frozen=True, slots=True)
class Whole:
    """The answer as it stays."""

    text: str
    sources: tuple[Source, ...]
    notice: str | None
    rung: Rung
    asked: Asked | None = None
    """A call of a tool that waits for the visitor's word."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The visitor stopped it; this much stays."""

    text: str


@dataclass(frozen=True, slots=True)
class Broken:
    """There will be no whole answer. `text` says why; `retry`: another try may help."""

    text: str
    retry: bool = True


End = Whole | Stopped | Broken
Update = More | Anew | At | End


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How an answer stands: which attempt, how often its text was taken back, the text since, and its end if any."""

    attempt: int
    withdrawn: int
    text: str
    end: End | None = None


def updates(seen: Position, now: Snapshot) -> Iterator[tuple[Position, Update]]:
    """What to tell a reader, each with the position after it. An attempt's text only grows until it is withdrawn."""
    if (seen.attempt, seen.withdrawn) != (now.attempt, now.withdrawn):
        if seen.offset:
            yield Position(now.attempt, now.withdrawn), Anew()
        seen = Position(now.attempt, now.withdrawn)
    if len(now.text) > seen.offset:
        yield Position(now.attempt, now.withdrawn, len(now.text)), More(now.text[seen.offset :])
    if now.end is not None:
        yield Position(now.attempt, now.withdrawn, max(len(now.text), seen.offset)), now.end
