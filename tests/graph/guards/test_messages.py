"""Chat messages written by hand in seven languages: what is personal is found, and what is not stays."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from graph.guards.personal_data import PresidioFinder

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
MESSAGES = tomllib.loads(Path(__file__).with_name("messages.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Marked:
    text: str
    personal: frozenset[int]
    """Places of the characters that are personal."""


def marked(message: str) -> Marked:
    text, personal = "", set[int]()
    for number, part in enumerate(re.split(r"[{}]", message)):
        if number % 2:
            personal |= set(range(len(text), len(text) + len(part)))
        text += part
    return Marked(text, frozenset(personal))


def places(finder: PresidioFinder, text: str) -> set[int]:
    return {place for span in finder.find(text) for place in range(span.start, span.end)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_personal_data_is_found_in_every_language(finder: PresidioFinder, language: str) -> None:
    messages = [marked(each) for each in MESSAGES[language]["personal"]]
    found = sum(len(each.personal & places(finder, each.text)) for each in messages)
    wrong = sum(not each.text[at].isspace() for each in messages for at in places(finder, each.text) - each.personal)

    assert found >= 0.85 * sum(len(each.personal) for each in messages)
    assert wrong <= 0.15 * found


def test_few_harmless_messages_are_touched(finder: PresidioFinder) -> None:
    harmless = [each for language in LANGUAGES for each in MESSAGES[language]["harmless"]]
    touched = {each: values for each in harmless if (values := [each[s.start : s.end] for s in finder.find(each)])}

    assert len(touched) <= 0.03 * len(harmless), touched
