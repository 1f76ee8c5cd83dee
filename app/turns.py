"""One turn, the same for every door: admit, protect, run the graph, keep."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from app.wiring import Services
from graph.events import Event


@dataclass(frozen=True, slots=True)
class AttachedText:
    """A text file that came with a message."""

    name: str
    media_type: str
    text: str


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What a door knows of a visitor's message. The ids are the door's to make."""

    site_id: int
    user_id: UUID
    conversation_id: UUID
    message_id: UUID
    text: str
    attachments: tuple[AttachedText, ...] = ()


def run_turn(services: Services, request: TurnRequest) -> AsyncIterator[Event]:
    """Answer a visitor's message.

    The first event is `Started`, the last is `Done` or `Failed`; it never raises. The conversation is made if it is
    new. A `message_id` that exists already (an edit, a retry) replaces that message and all that came after it.
    Closing the iterator stops the turn: what was shown is kept, marked `stopped`.
    """
    raise NotImplementedError
