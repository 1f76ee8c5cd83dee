"""Reading the objects of the chat completions protocol into LangChain's messages."""

import json
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionChunk

REASONING = ("reasoning_content", "reasoning")
"""Names under which servers stream a model's reasoning, outside the protocol."""


@dataclass(slots=True)
class Tail:
    """What a stream said about itself so far. Usage may come in every chunk, counted up; the last one holds."""

    finish_reason: str | None = None
    usage: UsageMetadata | None = None


def read_chunk(chunk: ChatCompletionChunk, tail: Tail) -> AIMessageChunk | None:
    """Return what a streamed chunk adds to the message, if anything; the rest goes into `tail`."""
    if chunk.usage:
        tail.usage = read_usage(chunk.usage)
    if not chunk.choices:
        return None
    choice = chunk.choices[0]
    finish_reason = None if tail.finish_reason else choice.finish_reason  # only once: LangChain joins what is repeated
    tail.finish_reason = tail.finish_reason or finish_reason
    delta = choice.delta
    calls = [
        tool_call_chunk(
            name=call.function.name if call.function else None,
            args=call.function.arguments if call.function else None,
            id=call.id,
            index=call.index,
        )
        for call in delta.tool_calls or ()
    ]
    text = delta.content or delta.refusal or ""
    if not isinstance(text, str):
        raise TypeError("content is not text")
    reasoning = _reasoning(delta.model_extra)
    if not (text or calls or reasoning or finish_reason):
        return None
    return AIMessageChunk(
        content=text,
        tool_call_chunks=calls,
        response_metadata={"finish_reason": finish_reason, "model_name": chunk.model} if finish_reason else {},
        additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
    )


def read_completion(completion: ChatCompletion) -> AIMessage:
    """Return the message of a whole answer.

    Raises:
        Exception: of whatever kind, when the server's object is not what the protocol says.
    """
    choice = completion.choices[0]
    if not choice.finish_reason:
        raise ValueError("no finish reason")
    calls: list[ToolCall] = []
    broken: list[InvalidToolCall] = []
    for call in choice.message.tool_calls or ():
        if call.type != "function":
            continue
        try:
            arguments = json.loads(call.function.arguments or "{}")
        except json.JSONDecodeError as error:
            broken.append(
                InvalidToolCall(
                    name=call.function.name,
                    args=call.function.arguments,
                    id=call.id,
                    error=str(error),
                    type="invalid_tool_call",
                )
            )
        else:
            calls.append(ToolCall(name=call.function.name, args=arguments, id=call.id, type="tool_call"))
    return AIMessage(
        content=choice.message.content or choice.message.refusal or "",
        tool_calls=calls,
        invalid_tool_calls=broken,
        response_metadata={"finish_reason": choice.finish_reason, "model_name": completion.model},
        usage_metadata=read_usage(completion.usage) if completion.usage else None,
    )


def read_usage(usage: CompletionUsage) -> UsageMetadata:
    """Return the token counts; a missing one counts as 0."""
    given, taken = usage.prompt_tokens or 0, usage.completion_tokens or 0
    return UsageMetadata(input_tokens=given, output_tokens=taken, total_tokens=usage.total_tokens or given + taken)


def _reasoning(extra: dict[str, Any] | None) -> str:
    for name in REASONING:
        text = (extra or {}).get(name)
        if isinstance(text, str) and text:
            return text
    return ""
