"""The sentences that Parley says itself, in the visitor's language: declines, notices, apologies, small talk."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from graph.guards.language import language_of
from graph.state import TurnState

FALLBACK = "en"
FILE = Path(__file__).with_name("replies.toml")
ASKED_CHARS = 90

_MARK = re.compile(r"\[\d{1,2}\]")
_LAYOUT = re.compile(r"(\[[A-Z_]+_\d+\])|[][*_`#<>|~\\\"“”„«»]|\(https?://\S*")


def language_for(state: TurnState) -> str:
    """The visitor's language: the question's, or if it shows none that of what the visitor said before."""
    earlier = [said.text for said in reversed(state.get("history", [])) if said.role == "visitor"]
    return language_of(state["question"], *earlier) or FALLBACK


def said(name: str, language: str, **values: str) -> str:
    """The sentence `name` ("unknown", "people.there"), in English where the language has none.

    Args:
        values: what stands for the sentence's placeholders.

    Raises:
        KeyError: there is no such sentence, or a value is missing.
    """
    texts = _table(name)
    return texts.get(language, texts[FALLBACK]).format_map(values)


def said_of_intent(name: str, reply: str, language: str) -> str:
    """The reply of an intent as a template: translated if it is the one that Parley brings, else as it is."""
    if reply != _brought().get(name):
        return reply
    translated: str = _tables()["intent"].get(name, {}).get(language, reply)
    return translated


def state_of(label: str, language: str) -> str:
    """What is wrong with a model, to stand behind its name: `label` is what its fault calls it in English."""
    states: dict[str, dict[str, str]] = _tables()["state"]
    return states.get(label, states["failed"]).get(language, label)


def shortened(question: str) -> str:
    """A question as it is named in a sentence: on one line, without marks and layout, its beginning if it is long."""
    text = (
        " ".join(_LAYOUT.sub(lambda found: found[1] or "", _MARK.sub("", question)).split())
        .rstrip("?.!؟ ¿")
        .lstrip("¿¡ ")
    )
    if len(text) <= ASKED_CHARS:
        return text
    return text[:ASKED_CHARS].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def languages() -> tuple[str, ...]:
    """The languages that Parley's own sentences are written in."""
    return tuple(_table("unknown"))


def _table(name: str) -> dict[str, str]:
    table: dict[str, Any] = _tables()
    for part in name.split("."):
        table = table[part]
    return table


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def _brought() -> dict[str, str]:
    intents = tomllib.loads((FILE.parent / "intents" / "intents.toml").read_text(encoding="utf-8"))
    return {intent["name"]: intent["reply"] for intent in intents["intent"] if "reply" in intent}
