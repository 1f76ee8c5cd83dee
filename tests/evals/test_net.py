import numpy as np
import pytest

from evals.personal.net import PAD, Material, fit


def material(texts: int) -> Material:
    """Words of which those after a cue count, and a capital, which small letters lack, says nothing."""
    rng = np.random.default_rng(3)
    size, dimensions, features = 6, 8, 3
    rows = texts * (size + PAD)
    vectors = np.zeros((rows, dimensions), np.float16)
    shapes = np.zeros((2, rows, features), np.float16)
    labels = np.full(rows, -1)
    for text in range(texts):
        start = text * (size + PAD)
        cue = rng.integers(0, size - 1)
        vectors[start : start + size] = rng.normal(0, 1, (size, dimensions))
        vectors[start + cue, 0] = 9
        shapes[0, start : start + size, 0] = rng.integers(0, 2, size)
        labels[start : start + size] = 0
        labels[start + cue + 1] = 1
    starts = np.arange(texts + 1) * (size + PAD)
    return Material(vectors, shapes, labels, np.ones(rows, np.float32), starts, np.full(texts, 0.5, np.float32))


@pytest.fixture(scope="module")
def learnt() -> Material:
    return material(600)


def test_a_net_learns_what_stands_after_a_cue(learnt: Material) -> None:
    net = fit(learnt, 2, passes=12, seed=1, listed=slice(1, 3), report=False)
    fresh = material(620)
    rows = slice(int(fresh.starts[600]), None)
    chances = net.chances(fresh.vectors[rows].astype(np.float32), fresh.shapes[0, rows].astype(np.float32))
    counted = fresh.labels[rows] >= 0

    assert (chances.argmax(axis=1) == fresh.labels[rows])[counted].mean() > 0.97


def test_the_same_seed_gives_the_same_net(learnt: Material) -> None:
    one, same, other = (fit(learnt, 2, passes=1, seed=seed, listed=slice(1, 3), report=False) for seed in (1, 1, 2))

    assert np.allclose(one.out, same.out)
    assert not np.allclose(one.out, other.out)
