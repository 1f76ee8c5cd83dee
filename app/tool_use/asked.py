"""A stored call that waits, as its visitor is shown it."""

import json
from collections.abc import Sequence
from dataclasses import replace

from pydantic import JsonValue

from app.db.calls import arguments_of
from app.db.tables import ToolCall
from app.sites.tools import SiteTool, title_of
from graph.events import Asked, AskedArgument
from graph.guards.pseudonyms import Pseudonyms


def asked_of(call: ToolCall, tools: Sequence[SiteTool], pseudonyms: Pseudonyms) -> Asked:
    """What the visitor decides on, with their own words back.

    Args:
        tools: of the site, which say what the tool does.
    """
    assert call.expires_at is not None  # noqa: S101 - it waits
    arguments = tuple(
        AskedArgument(name.replace("_", " "), _text(value), stems) for name, value, stems in arguments_of(call)
    )
    asked = Asked(str(call.id), call.digest, title_of(tools, call.tool), arguments, call.expires_at)
    return restored_asked(asked, pseudonyms)


def restored_asked(asked: Asked, pseudonyms: Pseudonyms) -> Asked:
    """The same with the visitor's own words back."""
    arguments = (replace(argument, value=pseudonyms.restore(argument.value)) for argument in asked.arguments)
    return replace(asked, arguments=tuple(arguments))


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
