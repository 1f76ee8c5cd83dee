from evals.bench.instant import answer_of

PROMPT = """[1] Refunds › Time
Refunds are paid within 14 days of your request to us. They go back to the card that you paid with at first.

[2] Delivery
Parcels arrive within two or three working days after they were sent out.

Question: How long do refunds take?"""


def test_the_instant_answer_says_and_cites_the_first_passage_alone() -> None:
    answer = answer_of(PROMPT)

    assert "Refunds are paid within 14 days of your request to us [1]." in answer
    assert "Parcels" not in answer
    assert "Question" not in answer
