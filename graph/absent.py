"""Stand-ins for what a turn does without: each does nothing, as its Protocol in `graph.context` says."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue

from graph.errors import ModelFault, ToolFailed
from graph.events import Asked

if TYPE_CHECKING:  # `graph.context` takes its defaults from here
    from graph.context import FloatArray, Kept, Passage, Stemming, ToolOffer


class NoCache:
    """Keeps nothing."""

    async def find(self, question: str, vector: "FloatArray", language: str | None) -> "Kept | None":
        """None."""
        return None


class NoTools:
    """Offers nothing."""

    offers: "tuple[ToolOffer, ...]" = ()

    def wrong(self, tool: str, arguments: Mapping[str, JsonValue]) -> str | None:
        """Nothing."""
        return None

    async def call(self, tool: str, arguments: "Stemming") -> "list[Passage]":
        """There is none to call."""
        raise ToolFailed

    async def repeats(self, tool: str, arguments: "Stemming") -> bool:
        """Nothing was tried."""
        return False

    async def ask(self, tool: str, arguments: "Stemming") -> Asked:
        """There is none to ask for."""
        raise ToolFailed

    async def resume(self) -> "list[Passage]":
        """There is none to call."""
        raise ToolFailed


class NoBreakers:
    """Remembers nothing: for a single question."""

    async def why_not(self, route: str, *, asking: bool = True) -> str | None:
        """Every route may be asked."""
        return None

    async def failed(self, route: str, fault: ModelFault) -> None:
        """Nothing."""

    async def succeeded(self, route: str) -> None:
        """Nothing."""
