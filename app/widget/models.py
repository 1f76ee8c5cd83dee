"""What the widget sends and gets, as OpenAPI describes it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.tool_use.shown import AskedShown

LONGEST_COMMENT = 2000
LONGEST_NOTE = 2000
LONGEST_CONTACT = 200


class Sent(BaseModel):
    """What comes from outside: strict about its types, and without NUL, which no database holds."""

    model_config = ConfigDict(extra="forbid", strict=True)


Line = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class SessionWanted(Sent):
    """Who wants to talk to which site."""

    site: Annotated[Line, Field(min_length=1, max_length=63)]
    visitor: Annotated[Line, Field(max_length=4000)] | None = Field(None, description="The pass of an earlier session.")
    identity: Annotated[Line, Field(max_length=8000)] | None = Field(None, description="A JWT of the host's backend.")


class AttachmentLimits(BaseModel):
    """What may be attached to a message."""

    count: int
    bytes: int
    accept: str


class SiteShown(BaseModel):
    """What the widget shows of a site."""

    name: str
    assistant: str
    greeting: str
    accent: str
    position: str
    starters: tuple[str, ...]
    language: str
    message_chars: int
    attachments: AttachmentLimits
    handover: bool


class SessionGiven(BaseModel):
    """A visitor's token, and how the site looks."""

    token: str
    expires_in_s: int
    visitor: str
    identified: bool
    user: UUID
    site: SiteShown


class ConversationListed(BaseModel):
    """A conversation in a list."""

    id: UUID
    title: str
    updated_at: datetime


class Conversations(BaseModel):
    """A visitor's conversations, the latest used first."""

    conversations: list[ConversationListed]


class SourceShown(BaseModel):
    """A passage that an answer cites as `[number]`."""

    number: int
    title: str
    heading: str
    document: str
    url: str | None
    text: str


class RatingShown(BaseModel):
    """A visitor's judgement of an answer."""

    value: int
    comment: str | None


class AttachmentShown(BaseModel):
    """A file that came with a message."""

    name: str
    bytes: int


class MessageShown(BaseModel):
    """A message or an answer, as its visitor may see it."""

    id: UUID
    role: Literal["visitor", "assistant", "staff"]
    text: str
    status: Literal["open", "done", "stopped", "cut", "failed"]
    created_at: datetime
    reply_to: UUID | None
    notice: str | None
    sources: list[SourceShown]
    rating: RatingShown | None
    attachments: list[AttachmentShown]
    asked: AskedShown | None


class ConversationShown(BaseModel):
    """A whole conversation."""

    id: UUID
    messages: list[MessageShown]


class Rating(Sent):
    """A judgement: 1 for helpful, 0 for not."""

    value: Literal[0, 1]
    comment: Annotated[Line, Field(max_length=LONGEST_COMMENT)] = ""


class HandoverWanted(Sent):
    """A wish for a person, with what they should know and where to answer."""

    message: Annotated[Line, Field(max_length=LONGEST_NOTE)] = ""
    contact: Annotated[Line, Field(max_length=LONGEST_CONTACT)] = ""


class ErasureWanted(Sent):
    """The visitor was asked and is sure."""

    sure: Literal[True]


class ErasureDone(BaseModel):
    """How much there was, and the SHA-256 sum by which the operator finds the record of it."""

    conversations: int
    messages: int
    attachments: int
    certificate: str


class HandoverTaken(BaseModel):
    """What the visitor is told; it stands in the conversation as a message, too."""

    id: UUID
    text: str
    open_now: bool | None
