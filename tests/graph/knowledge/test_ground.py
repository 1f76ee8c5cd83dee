"""What may be said of passages, with the real encoder."""

import pytest

from app import model_files
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
