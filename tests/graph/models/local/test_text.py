"""What is delivered of a text: whole characters, nothing of a stop word, what its grammar and seed say."""

import json

import pytest

from graph.errors import RequestRefused
from graph.models.local.sampling import Sampling
from tests.graph.models.local.conftest import Driver

pytestmark = pytest.mark.model

QUESTION = "Tell me about the sea."


def test_characters_that_take_several_tokens_arrive_whole(driver: Driver) -> None:
    said = "Grüße 🦀🧭 из моря"
    asked = driver.ask(QUESTION, Sampling(max_tokens=60, grammar=f"root ::= {json.dumps(said, ensure_ascii=False)}"))
    driver.run()

    assert asked.text == said
    assert asked.finished.output_tokens > asked.pieces  # some tokens were only a part of a character
    assert "�" not in "".join(piece for piece in asked.given if isinstance(piece, str))


def test_a_stop_word_that_takes_several_tokens_never_shows(driver: Driver) -> None:
    said = json.dumps("One two three four five six")
    sampling = Sampling(max_tokens=40, grammar=f"root ::= {said}", stop=("ee four fi",))
    asked = driver.ask(QUESTION, sampling)
    driver.run()

    assert asked.text == "One two thr"
    assert asked.finished.reason == "stop"


def test_a_beginning_of_a_stop_word_is_delivered_when_it_goes_on_otherwise(driver: Driver) -> None:
    said = json.dumps("One two three four")
    asked = driver.ask(QUESTION, Sampling(max_tokens=40, grammar=f"root ::= {said}", stop=("three five", "four.")))
    driver.run()

    assert asked.text == "One two three four"


def test_texts_side_by_side_keep_each_its_own_grammar(driver: Driver) -> None:
    grammars = {"yes": 'root ::= "yes"', "no": 'root ::= "no"', "7": "root ::= [7]", "": None}
    asked = {
        word: driver.ask(QUESTION, Sampling(max_tokens=6, temperature=heat, grammar=grammar))
        for (word, grammar), heat in zip(grammars.items(), (0.0, 1.5, 0.0, 0.0), strict=True)
    }
    driver.run()

    assert [asked[word].text for word in ("yes", "no", "7")] == ["yes", "no", "7"]
    assert all(asked[word].finished.reason == "stop" for word in ("yes", "no", "7"))
    assert asked[""].finished.reason == "length"


def test_a_grammar_that_cannot_be_read_fails_its_request_only(driver: Driver) -> None:
    bad = driver.ask(QUESTION, Sampling(grammar="root ::= ("))
    good = driver.ask(QUESTION)
    driver.run()

    assert isinstance(bad.fault, RequestRefused)
    assert good.finished


def test_the_same_seed_gives_the_same_text(driver: Driver) -> None:
    texts = [driver.alone(QUESTION, Sampling(max_tokens=20, temperature=1.2, seed=seed)) for seed in (1, 1, 2)]

    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("narrowing", [{"top_k": 1}, {"top_p": 0.0001}, {"min_p": 1.0}], ids=str)
def test_each_narrowing_of_the_choice_is_applied(driver: Driver, narrowing: dict[str, float]) -> None:
    likeliest = driver.alone(QUESTION, Sampling(max_tokens=16))

    assert driver.alone(QUESTION, Sampling(max_tokens=16, temperature=1.5, seed=3)) != likeliest
    assert driver.alone(QUESTION, Sampling(max_tokens=16, temperature=1.5, seed=3, **narrowing)) == likeliest  # type: ignore[arg-type]


def test_a_penalty_keeps_a_text_from_repeating_itself(driver: Driver) -> None:
    words = 'root ::= ("one " | "two " | "six " | "ten ") root'
    free = driver.alone(QUESTION, Sampling(max_tokens=24, repeat_penalty=1.0, grammar=words))
    held = driver.alone(QUESTION, Sampling(max_tokens=24, repeat_penalty=2.0, grammar=words))

    assert len(set(held.split())) > len(set(free.split()))
