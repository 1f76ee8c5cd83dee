"""Quoting: the documents' own words, in their order, with their marks."""

from graph.knowledge.quote import OPENING_WORDS, choose, in_order, rendered
from tests.graph.scripted import WordEncoder, passage

ENCODER = WordEncoder()


def test_pieces_that_answer_come_in_the_documents_order_and_within_the_limit() -> None:
    text = "Open the menu. Parrots are green birds. Choose refunds in the menu to ask for refunds. Bananas are fruit."
    (question,) = ENCODER.encode(["choose refunds in the menu"])

    picks = choose(question, [passage(text)], ENCODER, words=12)

    assert rendered(picks) == "Open the menu. Choose refunds in the menu to ask for refunds. [1]"


def test_a_passage_far_behind_the_best_is_left_out() -> None:
    (question,) = ENCODER.encode(["refunds"])
    near, far = passage("Refunds take a week.", similarity=0.8), passage("Refunds of parrots differ.", similarity=0.5)

    assert "parrots" not in rendered(choose(question, [near, far], ENCODER))


def test_a_code_block_is_whole_and_its_mark_stands_below() -> None:
    block = "```sh\nparley ingest docs\n```"
    (question,) = ENCODER.encode(["parley ingest docs"])

    assert rendered(choose(question, [passage(block)], ENCODER)) == f"{block}\n\n[1]"


def test_a_listing_longer_than_the_limit_is_still_an_answer() -> None:
    block = "```\n" + "word " * 50 + "\n```"
    (question,) = ENCODER.encode(["word"])

    assert rendered(choose(question, [passage(block)], ENCODER, words=10)).startswith("```")


def test_what_is_announced_comes_along() -> None:
    text = "Parrots eat seeds. Ask for refunds with this command:\n\n```\nshop --back\n```"
    (question,) = ENCODER.encode(["refunds command this with for ask"])

    assert rendered(choose(question, [passage(text)], ENCODER, words=8)).endswith("```\n\n[1]")


def test_openings_and_what_is_announced_stay_within_the_limit_together() -> None:
    code = "```\n" + "run refunds\n" * 4 + "```"
    steps = "\n\n".join(f"Ask for refunds in way {number} with this:\n\n{code}" for number in range(6))
    (question,) = ENCODER.encode(["ask for refunds with this way"])

    picks = choose(question, [passage(f"Here it begins.\n\n{steps}")], ENCODER, words=30)

    assert 20 <= sum(pick.piece.words for pick in picks) <= 30 + OPENING_WORDS


def test_sources_are_numbered_as_they_are_cited() -> None:
    passages = [passage("First refunds."), passage("Second refunds."), passage("Third refunds.")]
    (question,) = ENCODER.encode(["refunds"])
    picks = choose(question, passages, ENCODER)[::-1]

    picks, passages = in_order(picks, passages)

    assert rendered(picks) == "Second refunds. [1]\n\nFirst refunds. [2]"
    assert [p.text for p in passages] == ["Second refunds.", "First refunds.", "Third refunds."]
