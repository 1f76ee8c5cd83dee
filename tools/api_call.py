"""Calls an address of the site owner's, as the owner has described it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import quote

from pydantic import BaseModel, Field, JsonValue, create_model

from graph.context import Passage, ToolOffer
from graph.errors import ToolFailed
from tools.tool import Arguments, Call, offer, result

MOST_CHARS = 6000
"""Of a longer result a model reads the beginning."""
_PLACE = re.compile(r"\{([^{}]*)\}")
_TYPES: dict[str, type] = {"text": str, "number": float, "whole": int, "yes_no": bool}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument, as its owner describes it. `type` is `text`, `number`, `whole` or `yes_no`."""

    type: str
    description: str
    required: bool
    pattern: str | None
    choices: tuple[str, ...]
    longest: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that can be called.

    Attributes:
        address: with the names of arguments in braces, never in the name of the machine.
        token: sent as a bearer token, if there is one.
    """

    name: str
    title: str
    description: str
    address: str
    method: str
    changes: bool
    token: str | None
    arguments: Mapping[str, Argument]


@dataclass(frozen=True, slots=True)
class Reply:
    """What an address answered. `text` is whole, or the beginning of it."""

    status: int
    media_type: str
    text: str


class Send(Protocol):
    """Sends a request to where it may go, follows no redirect, and reads a bounded answer."""

    async def __call__(
        self,
        method: str,
        address: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, JsonValue] | None,
        headers: Mapping[str, str],
    ) -> Reply:
        """Return the answer.

        Raises:
            graph.errors.ToolFailed: there was none.
        """
        ...


@dataclass(frozen=True, slots=True)
class Signature:
    """How an endpoint is offered, and what checks its arguments. It takes milliseconds to make, so it is kept."""

    offer: ToolOffer
    arguments: type[BaseModel]


def signature_of(endpoint: Endpoint) -> Signature:
    """The signature of an endpoint."""
    arguments = _model(endpoint)
    return Signature(
        offer(endpoint.name, endpoint.title, endpoint.description, arguments, changes=endpoint.changes), arguments
    )


class ApiCall:
    """One endpoint as a tool."""

    def __init__(self, endpoint: Endpoint, signature: Signature, send: Send) -> None:
        self.offer, self.arguments = signature.offer, signature.arguments
        self._endpoint, self._send = endpoint, send

    async def run(self, call: Call) -> list[Passage]:
        """Send the request, with the visitor's own values; return what came as lines that can be read and compared."""
        endpoint = self._endpoint
        given = {name: value for name, value in call.clear.items() if value is not None}
        placed = set(_PLACE.findall(endpoint.address))
        if any(_text(given[name]) in (".", "..") for name in placed):  # which would lead to another address
            raise ToolFailed("An argument would lead out of its place in the address.")
        address = _PLACE.sub(lambda place: quote(_text(given[place[1]]), safe=""), endpoint.address)
        rest = {name: value for name, value in given.items() if name not in placed}
        in_body = endpoint.method not in ("GET", "DELETE")
        headers = {"Accept": "application/json, text/plain", "Idempotency-Key": call.number}
        if endpoint.token:
            headers["Authorization"] = f"Bearer {endpoint.token}"
        reply = await self._send(
            endpoint.method,
            address,
            query={} if in_body else {name: _text(value) for name, value in rest.items()},
            body=rest if in_body else None,
            headers=headers,
        )
        refused = 400 <= reply.status < 500
        if not (200 <= reply.status < 300 or (refused and not endpoint.changes)):
            raise ToolFailed(f"It answered with status {reply.status}.")
        text = _readable(reply)
        if refused:
            text = f"The request was refused with status {reply.status}.\n{text}"
        return [result(endpoint.name, endpoint.title, text or "It was done.")]


def _model(endpoint: Endpoint) -> type[BaseModel]:
    """What checks the arguments, and gives their schema."""
    fields: dict[str, Any] = {}
    for name, argument in endpoint.arguments.items():
        kind: Any = Literal[argument.choices] if argument.choices else _TYPES[argument.type]
        bounds: dict[str, Any] = {"description": argument.description}
        if argument.type == "text" and not argument.choices:
            bounds |= {"max_length": argument.longest}
            if argument.pattern:
                bounds["pattern"] = f"^(?:{argument.pattern})$"
            if argument.required:
                bounds["min_length"] = 1
        checked = Annotated[kind, Field(**bounds)]
        fields[name] = (checked, ...) if argument.required else (checked | None, None)
    made: type[BaseModel] = create_model(f"Arguments of {endpoint.name}", __base__=Arguments, **fields)
    return made


def _text(value: JsonValue) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
    return str(value)


def _readable(reply: Reply) -> str:
    """The answer as lines."""
    text = reply.text
    if "json" in reply.media_type:
        try:
            text = "\n".join(_lines(json.loads(text), ""))
        except ValueError:
            raise ToolFailed("Its answer is not the JSON that it says.") from None
    elif reply.media_type and not reply.media_type.startswith("text/plain"):
        raise ToolFailed(f"It answered with {reply.media_type}, which is neither JSON nor plain text.")
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]}…"


def _lines(value: JsonValue, name: str) -> Iterator[str]:
    match value:
        case dict():
            for key, each in value.items():
                yield from _lines(each, f"{name} {key}".strip().replace("_", " "))
        case list() if any(isinstance(each, dict | list) for each in value):
            for number, each in enumerate(value, start=1):
                yield from _lines(each, f"{name} {number}".strip())
        case list():
            yield f"{name}: {', '.join(map(_text, value))}"
        case None:
            yield f"{name}: none"
        case _:
            yield f"{name}: {_text(value)}" if name else _text(value)
