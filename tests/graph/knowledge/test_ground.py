"""What may be said of passages, with the real encoder."""

from collections.abc import Sequence

import numpy as np
import pytest

from app import model_files
from evals.grounding import passes, statements
from graph.context import FloatArray
from graph.encoder.onnx import OnnxEncoder
from graph.knowledge.ground import check, cited, kept
from graph.knowledge.translated import PROBE, least_likeness
from tests.graph.scripted import passage

PASSAGES = [
    passage(
        "Credit card, PayPal and Google Pay are accepted. We do not accept wire transfers or cryptocurrency.\n"
        "All payments are handled by Paddle.",
        heading="Payment methods",
    ),
    passage("The Business plan costs 1,200 dollars a year.\n\n- Open **Settings**.\n- Click **Cancel plan**."),
]


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(model_files.checked(model_files.ENCODER), model_files.checked(model_files.TOKENIZER))


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        ("You can pay by credit card, PayPal or Google Pay.", True),
        ("Cryptocurrency is not accepted.", True),
        ("We accept wire transfers and cryptocurrency.", False),
        ("The Business plan costs 1200 dollars a year.", True),
        ("The Business plan costs 1,300 dollars a year.", False),
        ("Our office in Berlin is open from nine to five.", False),
        ("- Click **Cancel plan**.", True),
    ],
)
def test_a_sentence_is_held_against_its_passages(encoder: OnnxEncoder, sentence: str, supported: bool) -> None:
    ((verdict,),) = check(sentence, "How do I pay?", PASSAGES, encoder)

    assert verdict.supported is supported


def test_lines_and_marks_of_what_stays_are_kept(encoder: OnnxEncoder) -> None:
    answer = "1. Open **Settings** [2].\n2. Call us in Berlin about your pet.\n\nPayments are handled by Paddle. [1]"

    text = kept(check(answer, "How do I cancel?", PASSAGES, encoder))

    assert text == "1. Open **Settings** [2].\n\nPayments are handled by Paddle [1]."
    assert cited(text) == [2, 1]


def test_without_passages_nothing_is_supported(encoder: OnnxEncoder) -> None:
    assert kept(check("Refunds are paid within a week.", "When?", [], encoder)) == ""


def test_most_of_what_is_kept_back_is_told_right(encoder: OnnxEncoder) -> None:
    by_hand = [each for each in statements() if each.kept_back and each.made == "by hand"]
    told = [(each.supported, passes(each, encoder)) for each in by_hand]

    assert sum(passed for supported, passed in told if supported) >= 0.8 * sum(supported for supported, _ in told)
    assert sum(not passed for supported, passed in told if not supported) >= 0.75 * sum(not s for s, _ in told)


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        ("Yes. Credit cards are accepted.", [True, True]),
        ("Yes. Our office is in Berlin.", [False, False]),
        ("Sure, here is how: Credit cards are accepted.", [True]),
        ("No, wire transfers are not accepted.", [True]),
    ],
)
def test_what_leads_to_nothing_goes_with_it(encoder: OnnxEncoder, sentence: str, supported: list[bool]) -> None:
    (line,) = check(sentence, "How do I pay?", PASSAGES, encoder)

    assert [verdict.supported for verdict in line] == supported


def test_an_answer_in_another_language_is_held_to_its_marks_and_figures(encoder: OnnxEncoder) -> None:
    answer = "Der Business-Tarif kostet 1.200 Dollar im Jahr [2]. Er kostet 900 Dollar im Jahr [2]. Das ist so."

    (line,) = check(answer, "Was kostet es?", PASSAGES, encoder)

    assert [verdict.supported for verdict in line] == [True, False, False]


EXACT = [
    passage(
        "You can return items within thirty days. The licence ends on 2024-03-05. We rarely ship on Sundays. "
        "You can cancel until the order is shipped. Lamps are excluded unless faulty. Returns are not free of charge."
    ),
    passage("Die Rückgabe ist nicht kostenlos. Die Frist endet vor Montag. Das Geld kommt am 3. Mai 2026."),
]


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        ("You can return items within 30 days.", True),
        ("You can return items within sixty days.", False),
        ("The licence ends on 5 March 2024.", True),
        ("The licence ends on 3 May 2024.", False),
        ("We seldom ship on Sundays.", True),
        ("We ship on Sundays.", False),
        ("We never ship on Sundays.", False),
        ("You can cancel after the order is shipped.", False),
        ("Lamps are excluded unless they are faulty.", True),
        ("Lamps are included.", False),
        ("Die Rückgabe ist kostenlos.", False),
        ("Die Frist endet nach Montag.", False),
        ("Das Geld kommt am 03.05.2026.", True),
        ("Sie können Artikel innerhalb von dreißig Tagen zurückgeben [1].", True),
        ("Sie können Artikel innerhalb von 30 Stunden zurückgeben [1].", False),
        ("Les retours ne sont pas gratuits [1].", True),
        ("Les retours sont gratuits [1].", False),
        ("Notre chef recommande la soupe [1].", False),
    ],
)
def test_figures_dates_and_denials_are_compared_exactly(encoder: OnnxEncoder, sentence: str, supported: bool) -> None:
    ((verdict,),) = check(sentence, "", EXACT, encoder)

    assert verdict.supported is supported


class Multilingual:
    """Sets the probe's translations together, as an encoder of several languages does, and what is about soup apart."""

    name = "multilingual"
    dimensions = 3
    max_tokens = 256

    def encode(self, texts: Sequence[str]) -> FloatArray:
        return np.eye(3, dtype=np.float32)[[self._meaning(text) for text in texts]]

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def _meaning(self, text: str) -> int:
        return 2 if "soup" in text else 1 if text in PROBE[1] else 0


def test_an_encoder_of_several_languages_tells_what_is_unlike(encoder: OnnxEncoder) -> None:
    judged = [
        check(sentence, "", [passage("You may bring a bicycle along.")], Multilingual())[0][0].supported
        for sentence in ("Sie dürfen ein Fahrrad mitbringen [1].", "Notre chef recommande la soupe [1].")
    ]

    assert judged == [True, False]
    assert least_likeness(Multilingual()) is not None
    assert least_likeness(encoder) is None
