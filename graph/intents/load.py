"""Reads intents as TOML gives them: from a file, or from what was stored of one."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, get_args

from graph.context import Route
from graph.errors import ConfigError

PLACEHOLDERS = frozenset({"assistant", "subject"})
_FIELDS = frozenset({"name", "route", "examples", "reply"})
_GATE_FIELDS = frozenset({"keep", "examples", "route", "reply"})


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that messages want. `reply` may hold `{assistant}` and `{subject}`."""

    name: str
    route: Route
    examples: tuple[str, ...]
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """What becomes of messages that none of the intents wants.

    Attributes:
        keep: share of messages, of those that held-out examples stand for, that the gate lets through; None leaves it
            to the head that is trained.
        examples: messages that none of the intents wants; they sharpen the gate.
    """

    keep: float | None
    examples: tuple[str, ...]
    route: Route
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class IntentSet:
    """All intents of a site. Without a gate, every message is one of theirs."""

    intents: tuple[Intent, ...]
    gate: Gate | None = None


def load_intents(path: Path) -> IntentSet:
    """Return the intents in a file.

    Raises:
        ConfigError: the file cannot be read or an intent in it cannot be used; the sentence names both.
    """
    return read_intents(load_tables(path), where=str(path))


def load_tables(path: Path) -> dict[str, Any]:
    """Return what a file of intents holds, unchecked.

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The intents in {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The intents in {path} are not valid TOML: {error}.") from error


def read_intents(content: Mapping[str, Any], *, where: str) -> IntentSet:
    """Return the intents in tables, as TOML gives them. `where` begins the sentence about a mistake.

    Raises:
        ConfigError: an intent cannot be used; the sentence names it.
    """
    if unknown := set(content) - {"intent", "out_of_scope"}:
        raise ConfigError(f"{where}: unknown key {min(unknown)}; intents are written as [[intent]].")
    tables = content.get("intent")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{where}: there are no intents; write each one as [[intent]].")
    intents = tuple(_intent(where, number, table) for number, table in enumerate(tables, start=1))
    names = [intent.name for intent in intents]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"{where}: the intent {doubled} is there twice; join the two or rename one.")
    if not any(intent.route == "answer" for intent in intents):
        raise ConfigError(f'{where}: no intent has the route "answer", so no question would be answered; add one.')
    if len(intents) < 2:
        raise ConfigError(f"{where}: one intent alone cannot be told from others; add another.")
    return IntentSet(intents, _gate(where, content["out_of_scope"]) if "out_of_scope" in content else None)


def _intent(file: str, number: int, table: dict[str, Any]) -> Intent:
    name = table.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{file}: intent number {number} has no name; add one.")
    where = f"{file}: intent {name}"
    if unknown := sorted(set(table) - _FIELDS):
        raise ConfigError(f"{where} has the unknown key {unknown[0]}; known are {', '.join(sorted(_FIELDS))}.")
    route = _route(where, table.get("route"))
    examples = _examples(where, table.get("examples"))
    if not examples:
        raise ConfigError(f"{where} needs examples, a list of messages.")
    return Intent(name, route, examples, _reply(where, route, table.get("reply")))


def _gate(file: str, table: object) -> Gate:
    where = f"{file}: out_of_scope"
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table, written as [out_of_scope].")
    if unknown := sorted(set(table) - _GATE_FIELDS):
        raise ConfigError(f"{where} has the unknown key {unknown[0]}; known are {', '.join(sorted(_GATE_FIELDS))}.")
    keep = table.get("keep")
    if keep is not None and (not isinstance(keep, float) or not 0.5 <= keep < 1):
        raise ConfigError(f"{where} needs a keep from 0.5 to below 1, the share of known messages that stay.")
    route = _route(where, table.get("route", "answer"))
    return Gate(keep, _examples(where, table.get("examples", [])), route, _reply(where, route, table.get("reply")))


def _route(where: str, route: Any) -> Route:
    if route not in get_args(Route):
        raise ConfigError(f"{where} needs a route, one of {', '.join(get_args(Route))}.")
    known: Route = route
    return known


def _examples(where: str, examples: object) -> tuple[str, ...]:
    if not isinstance(examples, list):
        raise ConfigError(f"{where} needs examples, a list of messages.")
    if not all(isinstance(example, str) and example.strip() for example in examples):
        raise ConfigError(f"{where} has an example that is not a text; correct it.")
    return tuple(examples)


def _reply(where: str, route: Route, reply: object) -> str | None:
    if reply is None and route in ("answer", "tool", "decline"):
        return None
    if not isinstance(reply, str) or not reply.strip():
        raise ConfigError(f'{where} needs a reply, the text to send, because its route is "{route}".')
    try:
        fields = {field for _, field, _, _ in Formatter().parse(reply) if field is not None}
    except ValueError as error:
        raise ConfigError(f"{where} has a reply with an unmatched brace; write {{{{ or }}}} for a brace.") from error
    if strange := sorted(fields - PLACEHOLDERS):
        raise ConfigError(
            f"{where} has {{{strange[0]}}} in its reply; only {{assistant}} and {{subject}} are filled in."
        )
    return reply
