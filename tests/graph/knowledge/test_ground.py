"""What may be said of passages, with the real encoder."""

import pytest

from app import model_files
from evals.grounding import passes, statements
from graph.encoder.onnx import OnnxEncoder
from graph.knowledge.ground import check, cited, kept
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
