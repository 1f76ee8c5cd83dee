"""What one model may see in clear: put into a request as it is sent, and taken out of the answer as it comes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolCall

from graph.context import ModelRoute
from graph.guards.conceal import Concealer, concealed
from graph.guards.json_texts import with_texts
from graph.guards.pseudonyms import Pseudonyms, type_of


class InClear:
    """One try of one route. Its values are in the messages that it sends, and in nothing that it gives back.

    A route that sees nothing is sent the messages as they are, and its answer is left as it is.
    """

    def __init__(self, route: ModelRoute, personal: Mapping[str, str]) -> None:
        """Take what the tokens stand for that may be in the messages."""
        self._values = {token: value for token, value in personal.items() if type_of(token) in route.sees}
        self._concealer = Concealer(self._values)

    def sent(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """The messages as this route reads them. Our own instructions speak of tokens as such, and keep them."""
        if not self._values:
            return list(messages)
        restore = Pseudonyms(self._values).restore
        return [message if isinstance(message, SystemMessage) else _restored(message, restore) for message in messages]

    def feed(self, piece: str) -> str:
        """Take a piece of the answer and return what is certain, with tokens."""
        return self._concealer.feed(piece) if self._values else piece

    def rest(self, finish_reason: str) -> str:
        """What was held back of an answer that is whole. Where its length was cut, a value may have been, too."""
        return "" if finish_reason == "length" else self._concealer.flush()

    def calls(self, calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
        """The calls of tools in the answer, with tokens."""
        if not self._values:
            return tuple(calls)
        return tuple(_changed(call, lambda text: concealed(text, self._values)) for call in calls)


def _restored(message: BaseMessage, restore: Callable[[str], str]) -> BaseMessage:
    changes: dict[str, Any] = {"content": restore(message.text)}
    if isinstance(message, AIMessage):
        changes["tool_calls"] = [_changed(call, restore) for call in message.tool_calls]
    return message.model_copy(update=changes)


def _changed(call: ToolCall, change: Callable[[str], str]) -> ToolCall:
    args: Any = with_texts(call["args"], change)
    return {**call, "name": change(call["name"]), "args": args}
