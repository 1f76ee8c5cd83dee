"""What a door knows of a visitor's message."""

from dataclasses import dataclass
from uuid import UUID

from app.db.messages import Door
from graph.state import Earlier


@dataclass(frozen=True, slots=True)
class AttachedText:
    """A text file that came with a message."""

    name: str
    media_type: str
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A visitor's word on a call that waits for it. `digest` is of the arguments that they were shown."""

    call_id: UUID
    digest: str
    agreed: bool


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What a door knows of a visitor's message. The ids are the door's to make."""

    site_id: int
    user_id: UUID
    conversation_id: UUID
    message_id: UUID
    text: str
    attachments: tuple[AttachedText, ...] = ()
    earlier: tuple[Earlier, ...] | None = None
    """What was said before, when the door knows it; otherwise it is read from the conversation. Not stored."""
    door: Door = "page"
    answer_id: UUID | None = None
    """An open answer that another process began and this one has taken over; the message is stored already."""
    once: bool = False
    """Refuse a message that is stored already, instead of replacing it: it was sent twice at the same moment."""
    labels: frozenset[str] = frozenset()
    """What the door knows the visitor to be: they open the documents of some audiences (see `app.labels`)."""
    counted: bool = True
    """Whether it counts towards the limits. The operator's own commands do not."""
    decision: Decision | None = None
    """What this message decides, where a button sent it. The text says the same in words, for the conversation."""
