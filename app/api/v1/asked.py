"""What a program asks of `/v1/chat/completions`, and what of it can be honoured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.v1.errors import invalid, unsupported
from app.labels import LabelRefused, read_labels
from app.tool_use.shown import DecisionSent
from app.turn_request import Decision
from graph.state import Earlier

LONGEST_USER = 200


class Part(BaseModel):
    """A part of a message's content. Only text is read."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`text`; all other types are refused.")
    text: str | None = None
    refusal: str | None = None


class ChatMessage(BaseModel):
    """A message of the conversation so far."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class StreamOptions(BaseModel):
    """How to stream."""

    model_config = ConfigDict(extra="allow")

    include_usage: bool | None = None


class Wishes(BaseModel):
    """What only Parley knows."""

    labels: list[str] = Field([], description="What the asker is: opens the documents of these audiences.")
    conversation: UUID | None = Field(
        None, description="With `decision`: the conversation that asked, as its answer names it."
    )
    decision: DecisionSent | None = Field(None, description="The asker's word on a call of a tool that waits for it.")
    live: bool = Field(False, description="Stream text before it is certain; a `reset` marker takes it back.")


class ChatRequest(BaseModel):
    """A chat completion that is asked for. Fields that are not named here are ignored, and the answer lists them."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(description="The name of the token's site.")
    messages: list[ChatMessage] = Field(
        min_length=1, description="The last one is the question, the `user` and `assistant` ones before it the history."
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = Field(None, max_length=LONGEST_USER, description="On whose behalf the program asks.")
    n: int | None = Field(None, description="Only 1.")
    response_format: dict[str, Any] | None = Field(None, description="Only `text`.")
    tools: list[Any] | None = Field(None, description="None.")
    functions: list[Any] | None = Field(None, description="None.")
    logprobs: bool | None = Field(None, description="Only false.")
    top_logprobs: int | None = Field(None, description="Only 0.")
    modalities: list[str] | None = Field(None, description="Only `text`.")
    audio: dict[str, Any] | None = Field(None, description="None.")
    web_search_options: dict[str, Any] | None = Field(None, description="None.")
    parley: Wishes | None = None


_MEANT: dict[str, tuple[Callable[[Any], object], str]] = {
    "n": (lambda value: value != 1, "There is one answer to a question; leave n at 1."),
    "response_format": (lambda value: value.get("type") != "text", "Answers are text; leave response_format out."),
    "tools": (bool, "The agent calls the tools of its site and no others; leave tools out."),
    "functions": (bool, "The agent calls the tools of its site and no others; leave functions out."),
    "logprobs": (bool, "Answers have no probabilities; leave logprobs out."),
    "top_logprobs": (bool, "Answers have no probabilities; leave top_logprobs out."),
    "modalities": (lambda value: set(value) - {"text"}, "Answers are text; leave modalities out."),
    "audio": (lambda value: True, "Answers are text; leave audio out."),
    "web_search_options": (lambda value: True, "Answers come from the site's documents; leave web_search_options out."),
}
"""Parameters that change what an answer means: when such a value cannot be honoured, and what to do instead."""
_HONOURED = frozenset({"model", "messages", "stream", "stream_options", "user", "parley", *_MEANT})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the agent takes it. `ignored` names what was sent and makes no difference."""

    question: str
    earlier: tuple[Earlier, ...]
    ignored: list[str]
    labels: frozenset[str]
    conversation: UUID | None = None
    decision: Decision | None = None


def read_chat(request: ChatRequest, *, message_chars: int, history_messages: int) -> Asked:
    """Take the question and its history out of a request.

    Raises:
        ApiError: the request means something that cannot be honoured, or its messages cannot be read.
    """
    for name, (refused, sentence) in _MEANT.items():
        value = getattr(request, name)
        if value is not None and refused(value):
            raise unsupported(name, sentence)
    said, ignored = _conversation(request.messages)
    if not said or said[-1].role != "visitor":
        raise invalid("messages", "The last message must be one of role user: the question.")
    *before, question = said
    if not question.text.strip():
        raise invalid("messages", "The last message is empty; it must hold the question.")
    earlier = [message for message in before if message.text.strip()]
    earlier = earlier[-history_messages:] if history_messages else []
    longest = max(len(message.text) for message in (*earlier, question))
    if longest > message_chars:
        raise invalid(
            "messages",
            f"A message has {longest:,} characters; at most {message_chars:,} can be read. Please shorten it.",
            "context_length_exceeded",
        )
    sent = {name for name in request.model_fields_set | set(request.model_extra or {}) if _value(request, name)}
    unknown = [*ignored, *sorted(sent - _HONOURED)]
    return Asked(question.text, tuple(earlier), unknown, _labels(request), *_decided(request))


def _decided(request: ChatRequest) -> tuple[UUID | None, Decision | None]:
    wishes = request.parley or Wishes()
    if (wishes.conversation is None) != (wishes.decision is None):
        raise invalid("parley", "A decision needs the conversation that asked for it: give both, or neither.")
    return wishes.conversation, wishes.decision.taken() if wishes.decision else None


def _labels(request: ChatRequest) -> frozenset[str]:
    try:
        return read_labels(request.parley.labels if request.parley else ())
    except LabelRefused as refused:
        raise invalid("parley.labels", str(refused)) from None


def _value(request: ChatRequest, name: str) -> bool:
    """Whether a field was sent with a value."""
    return getattr(request, name, None) is not None


def _conversation(messages: Sequence[ChatMessage]) -> tuple[list[Earlier], list[str]]:
    said: list[Earlier] = []
    ignored: dict[str, None] = {}
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if message.role in ("system", "developer"):
            ignored[message.role] = None
        elif message.role in ("tool", "function") or (message.model_extra or {}).get("tool_calls"):
            raise unsupported(where, "The agent calls its tools itself; leave messages about tool calls out.")
        else:
            said.append(
                Earlier(
                    "visitor" if message.role == "user" else "assistant", _text(message.content, f"{where}.content")
                )
            )
    return said, list(ignored)


def _text(content: str | list[Part] | None, where: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    texts = []
    for number, part in enumerate(content):
        text = {"text": part.text, "refusal": part.refusal}.get(part.type)
        if text is None:
            raise unsupported(
                f"{where}[{number}]",
                "Only text can be read: give each part as type text, without images, sound or files.",
            )
        texts.append(text)
    return "\n".join(texts)
