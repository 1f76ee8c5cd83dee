"""Reads the intents of a TOML file."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, get_args

from graph.context import Route
from graph.errors import ConfigError

PLACEHOLDERS = frozenset({"assistant", "subject"})
_FIELDS = frozenset({"name", "route", "examples", "reply"})


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that messages want. `reply` may hold `{assistant}` and `{subject}`."""

    name: str
    route: Route
    examples: tuple[str, ...]
    reply: str | None = None


def load_intents(path: Path) -> tuple[Intent, ...]:
    """Return the intents in a file.

    Raises:
        ConfigError: the file cannot be read or an intent in it cannot be used; the sentence names both.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The intents in {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The intents in {path} are not valid TOML: {error}.") from error
    tables = content.pop("intent", None)
    if content:
        raise ConfigError(f"{path}: unknown key {min(content)}; intents are written as [[intent]].")
    return read_intents(tables, where=str(path))


def read_intents(tables: object, *, where: str) -> tuple[Intent, ...]:
    """Return the intents in a list of tables, as TOML gives it. `where` begins the sentence about a mistake.

    Raises:
        ConfigError: an intent cannot be used; the sentence names it.
    """
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{where}: there are no intents; write each one as [[intent]].")
    intents = tuple(_intent(where, number, table) for number, table in enumerate(tables, start=1))
    names = [intent.name for intent in intents]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"{where}: the intent {doubled} is there twice; join the two or rename one.")
    if not any(intent.route == "answer" for intent in intents):
        raise ConfigError(f'{where}: no intent has the route "answer", so no question would be answered; add one.')
    return intents


def _intent(file: str, number: int, table: dict[str, Any]) -> Intent:
    name = table.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{file}: intent number {number} has no name; add one.")
    where = f"{file}: intent {name}"
    if unknown := sorted(set(table) - _FIELDS):
        raise ConfigError(f"{where} has the unknown key {unknown[0]}; known are {', '.join(sorted(_FIELDS))}.")
    route: Any = table.get("route")
    if route not in get_args(Route):
        raise ConfigError(f"{where} needs a route, one of {', '.join(get_args(Route))}.")
    examples = table.get("examples")
    if not isinstance(examples, list) or not examples:
        raise ConfigError(f"{where} needs examples, a list of messages.")
    if not all(isinstance(example, str) and example.strip() for example in examples):
        raise ConfigError(f"{where} has an example that is not a text; correct it.")
    return Intent(name, route, tuple(examples), _reply(where, route, table.get("reply")))


def _reply(where: str, route: Route, reply: object) -> str | None:
    if reply is None and route in ("answer", "decline"):
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
