"""What may be looked up among answers that were given before, and what may be kept among them."""

from dataclasses import replace

import pytest

from graph.events import Usage
from graph.nodes.recall import MOST_CHARS, stands_alone, worth_keeping
from graph.state import Answer, Attached, Earlier, Recalled, TurnState

GOOD = Answer("Refunds take 14 days [1].", "big", "hosted", (1,), usage=(Usage("big", "hosted", 9, 9),))


def test_a_models_whole_answer_with_a_source_is_worth_keeping() -> None:
    assert worth_keeping(GOOD)
    assert worth_keeping(replace(GOOD, rung="local"))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(replace(GOOD, cited=()), id="no source"),
        pytest.param(replace(GOOD, rung="quote"), id="quoted"),
        pytest.param(replace(GOOD, notice="The model big is over quota."), id="of a lower rung"),
        pytest.param(replace(GOOD, shortened=True), id="cut by a limit"),
        pytest.param(replace(GOOD, usage=(Usage("big", "hosted", 0, 0, outcome="over quota"),)), id="after a fault"),
        pytest.param(replace(GOOD, text="[PERSON_1] decides that [1]."), id="personal data"),
        pytest.param(replace(GOOD, recalled=Recalled(1, exact=True, similarity=1.0)), id="kept already"),
    ],
)
def test_others_are_not(answer: Answer) -> None:
    assert not worth_keeping(answer)


def test_a_plain_question_is_looked_up() -> None:
    assert stands_alone({"question": "How long do refunds take?"})


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"question": "?" * (MOST_CHARS + 1)}, id="a long one"),
        pytest.param({"question": "Where is the parcel of [PERSON_1]?"}, id="personal data"),
        pytest.param({"question": "Why?", "history": [Earlier("visitor", "No.")]}, id="something said before"),
        pytest.param({"question": "Why?", "attached": [Attached("a.txt", "No.")]}, id="a file"),
    ],
)
def test_what_does_not_stand_alone_is_not(state: TurnState) -> None:
    assert not stands_alone(state)
