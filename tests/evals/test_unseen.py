"""Figures on attacks come from heads that have not seen them."""

import numpy as np

from evals.injection.fit import Bags
from evals.injection.messages import Message
from evals.train_injection import BUCKETS, Material, figures, left_out, limit, scored, trained, unseen
from graph.guards.injection import features
from tests.graph.scripted import WordEncoder


def material() -> Material:
    """Words of no meaning, of which chance calls half an attack: there is nothing to learn but to know them again."""
    rng = np.random.default_rng(7)
    texts = [" ".join("".join(rng.choice(list("abcdefghijklmnop"), 8)) for _ in range(4)) for _ in range(120)]
    kinds = ("deepset attacks", "cyberseceval attacks", "hint3 support", "hint3 support")
    messages = [Message(kind, text, kind.endswith("attacks")) for text in texts for kind in [str(rng.choice(kinds))]]
    read = features(WordEncoder().encode(texts))
    return Material(
        messages, [[text] for text in texts], {text: n for n, text in enumerate(texts)}, read, Bags(texts, BUCKETS)
    )


def told_apart(made: Material, scores: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> float:
    """How often an attack scores above a harmless message."""
    attacks = np.array([message.attack for message in made.messages])
    return float((scores[attacks][:, None] > scores[~attacks][None, :]).mean())


def test_what_was_learnt_by_heart_does_not_count() -> None:
    made = material()

    assert told_apart(made, scored(made, trained(made))) > 0.9
    assert told_apart(made, unseen(made)) < 0.7


def test_false_alarms_are_counted_on_support_questions() -> None:
    made = material()
    scores = scored(made, trained(made))

    at = limit(made, scores, 0.1)
    rows = {str(row["set"]): row for row in figures(made.messages, scores >= at, "")}
    assert rows["all support questions"]["blocked"] <= 0.11  # type: ignore[operator]
    assert limit(made, scores, 0.1, fold=0) != at
    (alone,) = left_out(made, "deepset", 0.1)
    assert alone["set"] == "deepset attacks, set never seen"
    assert alone["n"] == sum(message.kind == "deepset attacks" for message in made.messages)
