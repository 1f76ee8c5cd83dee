from dataclasses import replace
from typing import Any

import pytest

from graph.context import ModelRoute, Passage
from graph.models.difficulty import EASY, LONGEST_WORDS, in_order

PASSAGE = Passage(1, "a.md", "A", "", None, "Text.", score=1.0, similarity=EASY)
MODEL: Any = None
LARGE = ModelRoute("large", "hosted", MODEL, first_token_s=1, between_tokens_s=1, trusted=True)
SMALL = replace(LARGE, name="small", small=True)


@pytest.mark.parametrize(
    ("question", "similarity", "order", "why"),
    [
        pytest.param(
            "How long?", EASY, ["small", "large"], "easy, the nearest passage at 0.60: small first", id="easy"
        ),
        pytest.param(
            "How long?", EASY - 0.1, ["large", "small"], "not easy, the nearest passage at 0.50: large first", id="far"
        ),
        pytest.param(
            "why " * (LONGEST_WORDS + 1), EASY, ["large", "small"], "not easy, 31 words: large first", id="long"
        ),
    ],
)
def test_the_small_model_is_asked_first_when_the_question_is_easy(
    question: str, similarity: float, order: list[str], why: str
) -> None:
    routes, said = in_order([LARGE, SMALL], question, [replace(PASSAGE, similarity=similarity)])

    assert [route.name for route in routes] == order
    assert said == why


@pytest.mark.parametrize("routes", [[LARGE], [SMALL], [LARGE, replace(LARGE, name="larger")], []])
def test_without_a_choice_the_order_stays_and_nothing_is_said(routes: list[ModelRoute]) -> None:
    assert in_order(routes, "How long?", [PASSAGE]) == (routes, "")


def test_without_passages_nothing_is_easy() -> None:
    assert in_order([SMALL, LARGE], "How long?", [])[0] == [LARGE, SMALL]
