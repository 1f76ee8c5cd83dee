"""What programs and pages are sent of a call that waits, and what they send back."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.turn_request import Decision
from graph.events import Asked


class AskedArgumentShown(BaseModel):
    """One argument, and whose words its value is: the visitor's, those of others, or the model's own."""

    name: str
    value: str
    stems: Literal["visitor", "others", "model"]


class AskedShown(BaseModel):
    """A call that is made only when the visitor agrees to it. Repeat `call` and `digest` in the decision."""

    call: UUID
    digest: str
    title: str
    arguments: list[AskedArgumentShown]
    expires_at: datetime


class DecisionSent(BaseModel):
    """The visitor's word on a call that waits."""

    model_config = ConfigDict(extra="forbid")

    call: UUID
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    agreed: bool

    def taken(self) -> Decision:
        """As a turn takes it."""
        return Decision(self.call, self.digest, self.agreed)


def asked_shown(asked: Asked | None) -> AskedShown | None:
    """What is shown of a call, if one waits."""
    if asked is None:
        return None
    arguments = [AskedArgumentShown(name=a.name, value=a.value, stems=a.stems) for a in asked.arguments]
    return AskedShown(
        call=UUID(asked.call_id),
        digest=asked.digest,
        title=asked.title,
        arguments=arguments,
        expires_at=asked.expires_at,
    )
