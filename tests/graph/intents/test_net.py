"""The nets on vectors of known classes, and when they are chosen."""

from io import BytesIO

import numpy as np
import pytest

from graph.context import FloatArray
from graph.intents import choose, net
from graph.intents.choose import head_of
from graph.intents.head import HeldOut, Labels
from graph.intents.kernel import KernelHead
from graph.intents.net import NetHead
from graph.intents.regression import Floats
from graph.intents.train import calibration_error, gate_of
from tests.graph.intents.test_kernel import CENTRES, NONE, around

ELSEWHERE = np.eye(16, dtype=np.float32)[8:]
Learned = tuple[NetHead, HeldOut]


@pytest.fixture(
    scope="module", params=[pytest.param(False, id="untaught"), pytest.param(True, id="strange ones taught")]
)
def learned(request: pytest.FixtureRequest) -> Learned:
    strange = around(ELSEWHERE[:4], 5, 6)[0] if request.param else NONE
    return net.learn(*around(CENTRES, 60, 1), strange)


def judged(head: NetHead, vectors: FloatArray) -> Floats:
    return np.array([head.judge(vector)[0] for vector in vectors])


def test_unseen_vectors_are_told_apart_and_their_probabilities_come_true(learned: Learned) -> None:
    head, held = learned
    vectors, labels = around(CENTRES, 20, 2)
    probabilities = judged(head, vectors)

    assert (probabilities.argmax(axis=1) == labels).mean() > 0.95
    assert calibration_error(probabilities, labels) < 0.08
    assert (held.examples.argmax(axis=1) == np.repeat(np.arange(6), 60)).mean() > 0.95


def test_the_gate_stops_what_is_like_nothing_and_lets_known_messages_through(learned: Learned) -> None:
    head, held = learned
    gate = gate_of(held.examples, np.repeat(np.arange(6), 60), 0.98)

    assert (judged(head, around(ELSEWHERE[4:], 10, 3)[0]).max(axis=1) < gate).mean() > (
        0.9 if len(held.strange) else 0.6
    )
    assert (judged(head, around(CENTRES, 20, 4)[0]).max(axis=1) >= gate).mean() > 0.9


def test_held_out_probabilities_are_of_nets_that_did_not_see_the_example() -> None:
    vectors, labels = around(CENTRES, 30, 1)
    mixed = np.random.default_rng(5).permutation(labels)

    _, held = net.learn(vectors, mixed, NONE)

    assert (held.examples.argmax(axis=1) == mixed).mean() < 0.4


def test_the_same_examples_give_the_same_head() -> None:
    once, again = (net.learn(*around(CENTRES, 10, 1), NONE)[0] for _ in range(2))

    assert once.to_bytes() == again.to_bytes()


def test_stored_nets_judge_as_before(learned: Learned) -> None:
    head, _ = learned
    vector = around(CENTRES, 1, 2)[0][0]

    again = head_of(head.to_bytes())

    assert isinstance(again, NetHead)
    assert again.judge(vector)[0].tolist() == head.judge(vector)[0].tolist()
    assert again.owners.tolist() == head.owners.tolist()


def _kind_of_another_version() -> bytes:
    file = BytesIO()
    np.savez(file, landmarks=CENTRES, trees=CENTRES)
    return file.getvalue()


@pytest.mark.parametrize(
    "stored", [b"", b"something else", _kind_of_another_version(), _kind_of_another_version()[:90]]
)
def test_what_cannot_be_read_is_no_head(stored: bytes) -> None:
    assert head_of(stored) is None


@pytest.mark.parametrize(
    ("each", "right_by_nets", "chosen"),
    [
        pytest.param(60, 0.99, NetHead, id="better"),
        pytest.param(60, 0.5, KernelHead, id="worse"),
        pytest.param(20, 0.99, KernelHead, id="too few examples to try"),
    ],
)
def test_the_head_that_judges_more_held_out_examples_rightly_is_taken(
    each: int, right_by_nets: float, chosen: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, labels = around(CENTRES, each, 1)
    doubtful = np.random.default_rng(2).permutation(len(labels))[: len(labels) // 10]
    vectors[doubtful] = around(CENTRES[::-1], each, 3)[0][doubtful]  # which the kernel takes for another intent
    fitted = net.learn(vectors, labels, NONE)[0]
    monkeypatch.setattr(net, "learn", lambda *_: (fitted, _held(labels, right_by_nets)))

    head, held = choose.learn(vectors, labels, NONE)

    assert type(head) is chosen
    assert bool((held.examples.argmax(axis=1) == labels).mean() > 0.95) is (chosen is NetHead)


def _held(labels: Labels, right: float) -> HeldOut:
    guessed = np.where(np.arange(len(labels)) < right * len(labels), labels, (labels + 1) % 6)
    return HeldOut(np.eye(6)[guessed], np.zeros((0, 6)))
