"""The tools that a site's owner offers: those that Parley brings, and calls of the owner's own systems."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, TypeAdapter, model_validator

from app.settings_models import REGION
from app.sites.part import Part
from tools.api_call import Argument, Endpoint, Signature, signature_of
from tools.offered import BUILT_IN

_PLACE = re.compile(r"\{([^{}]*)\}")
NAME = r"^[a-z][a-z0-9_]{0,47}$"


def _target(address: str) -> str:
    """An address whose machine is certain before a model has said anything."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError("write an address that begins with https:// or http://, without a user, password or fragment")
    if "{" in parts.netloc:
        raise ValueError("the machine of an address cannot be an argument; write its name")
    return address


class ToolArgument(Part):
    """One argument of a call."""

    type: Literal["text", "number", "whole", "yes_no"] = "text"
    description: str = Field("", max_length=400)
    required: bool = True
    pattern: str | None = Field(None, max_length=200)
    """What a text must match from beginning to end."""
    choices: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(max_length=50)] = ()
    longest: int = Field(500, ge=1, le=10_000)
    """Characters of a text."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.pattern or self.choices) and self.type != "text":
            raise ValueError("pattern and choices are for arguments of the type text")
        if self.pattern is not None:
            try:
                TypeAdapter(Annotated[str, Field(pattern=self.pattern)])
            except Exception:  # noqa: BLE001 - the class that pydantic raises is in a package of its own
                raise ValueError("pattern is not a regular expression") from None
        return self


class SiteTool(Part):
    """A tool: one that Parley brings, by its name alone; or a call of an address of the owner's."""

    name: str = Field(pattern=NAME)
    title: str = Field("", max_length=80)
    """What it does, in a few words for the visitor. Empty: made from its name."""
    description: str = Field("", max_length=1000)
    """When to use it and what it gives, for the model."""
    address: Annotated[str, Field(max_length=2000), AfterValidator(_target)] | None = None
    """Arguments in braces are put in their place; the others go into the query of a GET, else into a JSON body."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    changes: bool | None = None
    """Whether it does more than look something up. Unset: all but GET do."""
    region: str | None = Field(None, pattern=REGION)
    """Where the system behind the address is. A site that is pinned to a region uses no other tools."""
    token: SecretStr | None = None
    """Sent as `Authorization: Bearer …`."""
    arguments: Annotated[dict[Annotated[str, Field(pattern=NAME)], ToolArgument], Field(max_length=20)] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.address is None:
            if self.name not in BUILT_IN:
                raise ValueError(f"a tool needs an address, or is one of {', '.join(BUILT_IN)}")
            if self.model_fields_set - {"name", "title"}:
                raise ValueError(f"{self.name} is a tool that Parley brings: give its name, and a title at most")
            return self
        if self.name in BUILT_IN:
            raise ValueError(f"{self.name} is the name of a tool that Parley brings; choose another")
        if not self.description:
            raise ValueError("a tool needs a description, by which a model knows when to use it")
        for name in _PLACE.findall(self.address):
            if name not in self.arguments or not self.arguments[name].required:
                raise ValueError(f"{{{name}}} in the address is not a required argument of the tool")
        return self

    @property
    def does_change(self) -> bool:
        """Whether a visitor may have to agree to it."""
        return self.method != "GET" if self.changes is None else self.changes

    @property
    def shown(self) -> str:
        """What the visitor is told that it does."""
        return self.title or BUILT_IN.get(self.name) or spoken(self.name)

    @cached_property
    def endpoint(self) -> Endpoint:
        """The address as a tool calls it."""
        assert self.address is not None  # noqa: S101 - it is none that Parley brings
        return Endpoint(
            name=self.name,
            title=self.shown,
            description=self.description,
            address=self.address,
            method=self.method,
            changes=self.does_change,
            token=self.token.get_secret_value() if self.token else None,
            arguments={
                name: Argument(each.type, each.description, each.required, each.pattern, each.choices, each.longest)
                for name, each in self.arguments.items()
            },
        )

    @cached_property
    def signature(self) -> Signature:
        """How it is offered."""
        return signature_of(self.endpoint)


def once_each(tools: tuple[SiteTool, ...]) -> tuple[SiteTool, ...]:
    """Refuse two tools of one name."""
    if len({tool.name for tool in tools}) < len(tools):
        raise ValueError("give each tool a name of its own")
    return tools


def spoken(name: str) -> str:
    """A name as people write it."""
    return name.replace("_", " ").capitalize()


def title_of(tools: Sequence[SiteTool], name: str) -> str:
    """What a tool does, as the visitor is told; of one that is offered no more, made from its name."""
    return next((tool.shown for tool in tools if tool.name == name), spoken(name))
