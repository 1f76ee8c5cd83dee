"""A model that obeys every instruction it reads, whoever wrote it: what says `CALL name {"argument": …}` is called."""

import json
import re
from typing import Any

from tests.doubles.openai_server import Behaviour, Request, Wire, answer

_ORDER = re.compile(r"CALL (\w+) (\{[^{}]*\})")
DONE = "All is done as it was said."


def obeying(then: str = DONE) -> Behaviour:
    """Calls all tools that any text it reads names, each once, and answers `then` when none is left."""

    async def play(request: Request, wire: Wire) -> None:
        ordered = list(dict.fromkeys(_ORDER.findall("\n".join(_text(message) for message in request.messages))))
        made = [
            (call["function"]["name"], json.loads(call["function"]["arguments"]))
            for message in request.messages
            for call in message.get("tool_calls") or ()
        ]
        left = [order for order in ordered if (order[0], json.loads(order[1])) not in made]
        may = request.body.get("tools") and request.body.get("tool_choice") != "none"
        calls = tuple(left) if may else ()
        await answer("" if calls else then, tool_calls=calls, finish_reason="tool_calls" if calls else "stop")(
            request, wire
        )

    return play


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else json.dumps(content)
