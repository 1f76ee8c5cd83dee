"""The head on vectors of known classes."""

import numpy as np
import pytest

from graph.context import FloatArray
from graph.intents import head as shared
from graph.intents.choose import head_of
from graph.intents.head import Labels
from graph.intents.kernel import KernelHead, learn
from graph.intents.train import calibration_error, gate_of

NONE = np.zeros((0, 16), dtype=np.float32)


def around(centres: FloatArray, each: int, seed: int) -> tuple[FloatArray, Labels]:
    noise = np.random.default_rng(seed).normal(0, 0.2, (len(centres) * each, centres.shape[1]))
    vectors = np.repeat(centres, each, axis=0) + noise
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), np.repeat(
        np.arange(len(centres)), each
    )


CENTRES = np.eye(16, dtype=np.float32)[:6]


@pytest.mark.parametrize("landmarks", [pytest.param(2048, id="every example"), pytest.param(60, id="a share of them")])
def test_unseen_vectors_are_told_apart_and_their_probabilities_come_true(
    landmarks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "LANDMARKS", landmarks)
    head, held = learn(*around(CENTRES, 30, 1), NONE)
    vectors, labels = around(CENTRES, 20, 2)
    judged = np.array([head.judge(vector)[0] for vector in vectors])

    assert (judged.argmax(axis=1) == labels).mean() > 0.95
    assert calibration_error(judged, labels) < 0.08
    assert (held.examples.argmax(axis=1) == np.repeat(np.arange(6), 30)).mean() > 0.95
    assert len(head.landmarks) == min(landmarks, 180)


def test_what_is_like_nothing_is_below_the_gate_and_known_messages_are_not() -> None:
    vectors, labels = around(CENTRES, 30, 1)
    head, held = learn(vectors, labels, NONE)
    gate = gate_of(held.examples, labels, 0.95)
    strange, _ = around(np.eye(16, dtype=np.float32)[8:], 10, 3)
    known, _ = around(CENTRES, 20, 4)

    assert np.mean([head.judge(vector)[0].max() < gate for vector in strange]) > 0.9
    assert np.mean([head.judge(vector)[0].max() >= gate for vector in known]) > 0.85


def test_held_out_probabilities_are_of_heads_that_did_not_see_the_example() -> None:
    vectors, labels = around(CENTRES, 10, 1)
    mixed = np.random.default_rng(5).permutation(labels)

    _, held = learn(vectors, mixed, NONE)

    assert (held.examples.argmax(axis=1) == mixed).mean() < 0.4


def test_a_stored_head_judges_as_before() -> None:
    vectors, labels = around(CENTRES, 5, 1)
    head, _ = learn(vectors, labels, NONE)

    again = head_of(head.to_bytes())

    assert isinstance(again, KernelHead)
    assert again.judge(vectors[0])[0].tolist() == head.judge(vectors[0])[0].tolist()
    assert again.owners.tolist() == head.owners.tolist()
