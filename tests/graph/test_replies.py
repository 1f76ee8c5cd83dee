"""Parley's own sentences: whole in every language of the widget, and chosen by what the visitor writes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from graph.events import Rung, Usage
from graph.notices import notice_of
from graph.replies import FILE, languages, said, said_of_intent, shortened
from graph.state import Draft
from tests.graph.scripted import FixedIntent, passage, route
from tests.graph.test_turn import turn, unpack

WIDGET = Path(__file__).parents[2] / "app" / "widget" / "client" / "words"
SPOKEN = sorted(file.stem for file in WIDGET.glob("*.js"))
QUESTIONS = {
    "en": "Who won the cup in France?",
    "de": "Wer hat den Pokal gewonnen?",
    "es": "¿Quién ganó la copa?",
    "fr": "Qui a gagné la coupe ?",
    "it": "Chi ha vinto la coppa?",
    "nl": "Wie heeft de beker gewonnen?",
    "pt": "Quem ganhou a taça, não sei?",
    "ar": "من فاز بالكأس؟",
}


def _sentences(table: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, str]]]:
    if all(isinstance(value, str) for value in table.values()):
        return [(path, table)]
    return [found for key, value in table.items() for found in _sentences(value, f"{path}.{key}".lstrip("."))]


SENTENCES = _sentences(tomllib.loads(FILE.read_text(encoding="utf-8")))


def test_parley_speaks_the_languages_of_its_widget() -> None:
    assert sorted(languages()) == SPOKEN


@pytest.mark.parametrize(("name", "texts"), SENTENCES, ids=[name for name, _ in SENTENCES])
def test_a_sentence_is_there_in_every_language_with_the_same_placeholders(name: str, texts: dict[str, str]) -> None:
    elsewhere = {"en"} if name.startswith(("intent.", "state.")) else set()

    assert set(texts) == set(SPOKEN) - elsewhere
    assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in texts.values()}) == 1


@pytest.mark.parametrize("language", SPOKEN)
async def test_what_is_not_known_is_said_in_the_visitors_language(language: str) -> None:
    question = QUESTIONS[language]
    far = passage("The office is closed on Sundays.", similarity=0.1)

    answer = unpack(await turn(passages=[far], question=question))

    assert answer.text == said("unknown", language, asked=shortened(question), subject="the shop")
    assert answer.text != said("unknown", "xx", asked=shortened(question), subject="the shop") or language == "en"


@pytest.mark.parametrize("language", SPOKEN)
async def test_an_attack_is_refused_in_the_visitors_language(language: str) -> None:
    answer = unpack(await turn(route("x"), question=QUESTIONS[language], blocked=True))

    assert answer.text == said("refused", language, subject="the shop")


@pytest.mark.parametrize("rung", ["hosted", "local", "quote", "fixed"])
@pytest.mark.parametrize("language", SPOKEN)
def test_a_notice_names_the_model_in_every_language(language: str, rung: Rung) -> None:
    draft = Draft("x", "own", rung, usage=(Usage("m", "hosted", 0, 0, route="big", outcome="over quota"),))

    notice = notice_of(draft, rung=rung, language=language)

    assert notice is not None
    assert "big" in notice
    assert ("over quota" in notice) is (language == "en")


def test_a_sites_own_reply_is_never_translated() -> None:
    assert said_of_intent("greeting", "Ahoy!", "de") == "Ahoy!"


async def test_the_reply_that_parley_brings_is_translated() -> None:
    intents = tomllib.loads((FILE.parent / "intents" / "intents.toml").read_text(encoding="utf-8"))["intent"]
    brought = {intent["name"]: intent["reply"] for intent in intents if "reply" in intent}

    for name, reply in brought.items():
        assert said_of_intent(name, reply, "de") != reply
        assert said_of_intent(name, reply, "en") == reply


async def test_a_reply_of_another_name_stays() -> None:
    seen = await turn(intent=FixedIntent("reply", "Hello, I am {assistant}."), question="hola")

    assert unpack(seen).text == "Hello, I am Parley."


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("How  do I\ncancel?", "How do I cancel"),
        ("**What** is `x` [1]?", "What is x"),
        ("Where is [EMAIL_1]?", "Where is [EMAIL_1]"),
        ("¿Dónde está?", "Dónde está"),
        ("word " * 40, "word " * 17 + "word …"),
    ],
)
def test_a_question_is_named_shortly_and_without_layout(question: str, named: str) -> None:
    assert shortened(question) == named
