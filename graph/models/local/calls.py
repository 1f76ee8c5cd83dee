"""Calls of tools by a model that knows none: it is told how to write them, and a grammar sees to it that it does.

Models that were trained on calls mostly write them in this form; chat templates differ in theirs, so none is relied on.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk

from graph.errors import RequestRefused
from graph.models.local.grammar import grammar_of_schema

OPEN, CLOSE = "<tool_call>", "</tool_call>"
ROOT = re.compile(r"^root ::=", re.MULTILINE)
NONE = "none"
"""The choice of no call: earlier ones are still read."""
ANY = ("any", "required")
"""Choices that leave the tool open but want a call."""


def grammar_of_calls(tools: Sequence[dict[str, Any]], choice: str | None) -> str:
    """A GBNF grammar of one call.

    Args:
        tools: in the form of OpenAI's.
        choice: None or `auto` for a call or a text, `any` or `required` for a call, or the name of the tool to call.

    Raises:
        RequestRefused: there is no tool of that name, or its arguments' schema cannot be put into a grammar.
    """
    free = choice in (None, "auto")
    named = [tool["function"] for tool in tools if free or choice in (*ANY, tool["function"]["name"])]
    if not named:
        raise RequestRefused(f"There is no tool {choice}; name one of those given.")
    rules = grammar_of_schema({"oneOf": [_schema(function) for function in named]})
    # A text begins with anything but the sign that begins a call.
    root = f'root ::= "{OPEN}" call "{CLOSE}"' + (" | [^<] [^\\x00]*" if free else "")
    return f"{root}\n{ROOT.sub('call ::=', rules)}"


def with_tools(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> list[BaseMessage]:
    """The messages as a model reads them that knows no tools: with instructions, calls and results as plain text."""
    plain = [_plain(message) for message in messages]
    system = [str(message.text) for message in plain if isinstance(message, SystemMessage)]
    functions = [json.dumps(tool["function"], ensure_ascii=False) for tool in tools]
    system.append(
        "You have these tools:\n" + "\n".join(functions) + "\nTo use one, write nothing but "
        f'{OPEN}{{"name": "the tool", "arguments": {{…}}}}{CLOSE}; its result then comes in <tool_response>.'
    )
    return [
        SystemMessage("\n\n".join(system)),
        *(message for message in plain if not isinstance(message, SystemMessage)),
    ]


class CallReader:
    """Tells a call from a text in a stream; a text passes as soon as it is sure to be one."""

    def __init__(self) -> None:
        self._held = ""
        self._text = False

    def add(self, text: str) -> str:
        """Return the text that may be passed on now that `text` came."""
        self._held += text
        self._text = self._text or not (self._held.startswith(OPEN) or OPEN.startswith(self._held))
        if not self._text:
            return ""
        passed, self._held = self._held, ""
        return passed

    def end(self) -> tuple[str, ToolCallChunk | None]:
        """Return what is left: a text, or a call. A call that was cut short is passed on as a text."""
        body = self._held.removeprefix(OPEN)
        if body == self._held or not body.endswith(CLOSE):
            return self._held, None
        call = json.loads(body.removesuffix(CLOSE))
        arguments = json.dumps(call["arguments"], ensure_ascii=False)
        return "", tool_call_chunk(name=call["name"], args=arguments, id="call_0", index=0)


def _schema(function: dict[str, Any]) -> dict[str, Any]:
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return {
        "type": "object",
        "properties": {"name": {"const": function["name"]}, "arguments": parameters},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def _plain(message: BaseMessage) -> BaseMessage:
    if isinstance(message, ToolMessage):
        return HumanMessage(f"<tool_response>{message.text}</tool_response>")
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = [{"name": call["name"], "arguments": call["args"]} for call in message.tool_calls]
        return AIMessage("".join(f"{OPEN}{json.dumps(call, ensure_ascii=False)}{CLOSE}" for call in calls))
    return message
