"""What a tool is: an offer to a model, a check of its arguments, and what it does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from graph.context import Passage, ToolOffer


class Arguments(BaseModel):
    """Arguments of a tool: strict about names and types, as a model is told."""

    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool.

    Attributes:
        arguments: as the model gave them, with pseudonyms.
        clear: the same with the visitor's own words back, for systems that must know them.
        number: what tells this call from every other one.
    """

    arguments: Mapping[str, JsonValue]
    clear: Mapping[str, JsonValue]
    number: str


class Tool(Protocol):
    """Something that a model may call."""

    offer: ToolOffer
    arguments: type[BaseModel]

    async def run(self, call: Call) -> list[Passage]:
        """Do it, with arguments that were checked, and return what it gave.

        Raises:
            graph.errors.ToolFailed: it gave nothing.
        """
        ...


def offer(name: str, title: str, description: str, arguments: type[BaseModel], *, changes: bool) -> ToolOffer:
    """A tool as a model is told of it, with the schema of its arguments."""
    return ToolOffer(name, title, description, _schema(arguments), changes)


def wrong_in(arguments: type[BaseModel], given: Mapping[str, JsonValue]) -> str | None:
    """What is wrong with the arguments, as one sentence for the model that gave them; None if nothing is."""
    try:
        json.dumps(given, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return "The arguments hold something that is neither a number nor a text. Correct them."
    try:
        arguments.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "The call"
        return f"{where}: {first['msg']}. Ask the visitor for what is missing; do not make it up."
    return None


def result(name: str, title: str, text: str) -> Passage:
    """What a tool gave, as a passage that an answer can cite."""
    return Passage(
        chunk_id=0,
        document=name,
        title=title,
        heading="",
        url=None,
        text=text,
        score=1.0,
        similarity=1.0,
        origin="tool",
    )


@lru_cache(maxsize=256)
def _schema(arguments: type[BaseModel]) -> dict[str, JsonValue]:
    """Without the names and explanations of our classes, which are none of a model's business."""
    return {
        name: {key: {k: v for k, v in each.items() if k != "title"} for key, each in value.items()}
        if name == "properties"
        else value
        for name, value in arguments.model_json_schema().items()
        if name not in ("title", "description")
    }
