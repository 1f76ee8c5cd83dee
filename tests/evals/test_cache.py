"""Questions that look alike and have other answers are kept apart; plain paraphrases are not."""

import pytest

from app.loading import load_encoder
from app.settings import Settings
from evals.cache import measure
from graph.knowledge.apart import apart


@pytest.mark.model
def test_the_pairs_that_were_written_for_it() -> None:
    found, mistaken = measure(load_encoder(Settings()), None)

    assert (found.count, mistaken.count) == (20, 106)
    assert len(found.hit) >= 15
    assert len(mistaken.hit) <= 2, [(pair.one, pair.other) for pair in mistaken.hit]


@pytest.mark.parametrize(
    ("one", "other", "by"),
    [
        ("How do I export the last 30 days?", "How do I export the last 90 days?", "figures"),
        ("How do I enable alerts?", "How do I disable alerts?", "opposite"),
        ("Which pages are counted?", "Which pages are not counted?", "denial"),
        ("Do you ship to Norway?", "Do you ship to Sweden?", "names"),
        ("Is shipping free?", "Is express shipping free?", "qualifier"),
        ("When is my parcel sent?", "Why is my parcel sent?", "kind"),
        ("How do I reset my password?", "how can I reset my password", ""),
        ("I don't know how to add a user", "How do I add a user?", ""),
        ("How do I pair the red lamp?", "How can I pair the blue lamp?", "word"),
        ("How do refunds work?", "How do returns work?", "word"),
        ("How do I remove a user?", "How can I delete a user?", ""),
        ("Why can I see deleted messages?", "Why is it that I cannot view messages that were deleted?", "denial"),
        ("How do I convert dollars into euros?", "I have euros and need dollars, how can I convert them?", "roles"),
        ("How do I hide files from people who pay?", "Can I hide my files from paying customers?", ""),
        ("Who can hide my files?", "How can I hide my files?", "kind"),
        ("How do I close it when I have paid?", "How can I close it after I have paid?", ""),
        ("What now, I've lost my key?", "My key is lost, where do I order another?", ""),
    ],
)
def test_what_keeps_questions_apart(one: str, other: str, by: str) -> None:
    assert (apart(one, other), apart(other, one)) == (by, by)
