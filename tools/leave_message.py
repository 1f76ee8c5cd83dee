"""Leaves a message for the people behind the site."""

from typing import Annotated, Protocol

from pydantic import BaseModel, Field

from graph.context import Passage
from tools.tool import Arguments, Call, offer, result

NAME = "leave_message"
TITLE = "Leave a message for our staff"
_DESCRIPTION = """Leaves a message for staff, who read it later.
Use it when the visitor wants to tell staff something or to be called back."""


class Note(Arguments):
    """What is left."""

    message: Annotated[str, Field(min_length=2, max_length=2000, description="What staff should know, in full.")]
    contact: Annotated[str, Field(max_length=200, description="Where to answer, if the visitor has said so.")] = ""


class Desk(Protocol):
    """Where messages for staff are kept."""

    async def leave(self, message: str, contact: str) -> None:
        """Keep a message. Both texts have pseudonyms in the place of personal data."""
        ...


class LeaveMessage:
    """Keeps what the visitor wants to tell."""

    arguments: type[BaseModel] = Note

    def __init__(self, title: str, desk: Desk) -> None:
        self.offer = offer(NAME, title, _DESCRIPTION, Note, changes=True)
        self._desk = desk

    async def run(self, call: Call) -> list[Passage]:
        """Leave the message; return that it was left."""
        await self._desk.leave(str(call.arguments["message"]), str(call.arguments.get("contact") or ""))
        return [result(NAME, self.offer.title, "The message was left for staff, who will read it.")]
