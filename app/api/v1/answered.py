"""Chat completions and their chunks in OpenAI's shape, with what only Parley knows in the field `parley`."""

import json
import time
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.tool_use.shown import AskedShown, asked_shown
from graph.events import ANSWERED, Done

Finish = Literal["stop", "length", "content_filter"]


class SourceOut(BaseModel):
    """A passage that the answer cites as `[number]`."""

    number: int
    title: str
    heading: str
    document: str
    url: str | None
    text: str


class AskedOut(AskedShown):
    """A call of a tool that waits for the asker's word, and the conversation in which it must be given."""

    conversation: UUID


class Extension(BaseModel):
    """How the answer came about."""

    trace_id: str
    rung: str = Field(description="`hosted`, `local`, `quote` or `fixed`: who gave the answer.")
    answered_by: str
    intent: str
    notice: str | None = Field(description="What a person should be told about the answer.")
    sources: list[SourceOut]
    asked: AskedOut | None = Field(
        description="A call that is made only when the asker agrees: ask them, and send `parley.conversation` and "
        "`parley.decision` with the next message."
    )
    ignored: list[str] = Field(description="Roles and parameters of the request that made no difference.")


class Reset(BaseModel):
    """In a live stream: all text so far is taken back, the answer begins anew."""

    reset: Literal[True] = True


class AnswerMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    parley: Extension


class Choice(BaseModel):
    """The only one."""

    index: int = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: Finish


class ChatUsage(BaseModel):
    """Tokens of all model calls of the answer; none were used when a written reply or the documents answered."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: ChatUsage
    system_fingerprint: None = None


class Delta(BaseModel):
    """What a chunk adds."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    parley: Extension | Reset | None = None


class ChunkChoice(BaseModel):
    """The only one."""

    index: int = 0
    delta: Delta
    logprobs: None = None
    finish_reason: Finish | None = None


class ChatChunk(BaseModel):
    """A part of an answer that is streamed."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    system_fingerprint: None = None
    usage: ChatUsage | None = None


class Answering:
    """One answer in the making: gives its parts one id, one time and one model."""

    def __init__(self, answer_id: str, model: str, ignored: list[str], conversation: UUID, *, with_usage: bool) -> None:
        self._id = f"chatcmpl-{UUID(answer_id).hex}"
        self._created = int(time.time())
        self._model, self._ignored, self._with_usage = model, ignored, with_usage
        self._conversation = conversation

    def whole(self, done: Done) -> ChatCompletion:
        """The answer at once."""
        message = AnswerMessage(content=done.text, parley=self._extension(done))
        return ChatCompletion(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=[Choice(message=message, finish_reason=_finish(done))],
            usage=_usage(done),
        )

    def begin(self) -> str:
        """The event that opens a stream."""
        return self._event(Delta(role="assistant", content=""))

    def text(self, text: str) -> str:
        """The event that adds text."""
        return self._event(Delta(content=text))

    def reset(self) -> str:
        """The event that takes all text back."""
        return self._event(Delta(parley=Reset()))

    def end(self, done: Done) -> str:
        """The events that end a stream."""
        last = self._event(Delta(parley=self._extension(done)), _finish(done))
        usage = self._sent(self._chunk([], _usage(done))) if self._with_usage else ""
        return f"{last}{usage}data: [DONE]\n\n"

    def _event(self, delta: Delta, finish: Finish | None = None) -> str:
        return self._sent(self._chunk([ChunkChoice(delta=delta, finish_reason=finish)]))

    def _chunk(self, choices: list[ChunkChoice], usage: ChatUsage | None = None) -> ChatChunk:
        return ChatChunk(id=self._id, created=self._created, model=self._model, choices=choices, usage=usage)

    def _sent(self, chunk: ChatChunk) -> str:
        """As OpenAI sends it: a delta holds what it adds, and `usage` is there only when it was asked for."""
        body = chunk.model_dump(mode="json", exclude=None if self._with_usage else {"usage"})
        for choice, given in zip(body["choices"], chunk.choices, strict=True):
            choice["delta"] = {name: choice["delta"][name] for name in given.delta.model_fields_set}
        return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"

    def _extension(self, done: Done) -> Extension:
        asked = asked_shown(done.asked)
        return Extension(
            asked=AskedOut(**asked.model_dump(), conversation=self._conversation) if asked else None,
            trace_id=done.trace_id,
            rung=done.rung,
            answered_by=done.answered_by,
            intent=done.intent,
            notice=done.notice,
            sources=[
                SourceOut(
                    number=s.number, title=s.title, heading=s.heading, document=s.document, url=s.url, text=s.text
                )
                for s in done.sources
            ],
            ignored=self._ignored,
        )


def _usage(done: Done) -> ChatUsage:
    answering = [used for used in done.usage if used.outcome == ANSWERED]  # tries that failed are ours to pay
    given = sum(used.input_tokens for used in answering)
    made = sum(used.output_tokens for used in answering)
    return ChatUsage(prompt_tokens=given, completion_tokens=made, total_tokens=given + made)


def _finish(done: Done) -> Finish:
    if done.intent == "blocked":
        return "content_filter"
    return "length" if done.shortened else "stop"
