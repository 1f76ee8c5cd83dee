"""Fits the tagger's small net: two convolutions over words, by Adam, in plain numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.context import FloatArray
from graph.guards.net import NEAR, Net, shifted

PAD = NEAR
"""Empty rows between two texts."""

HIDDEN = 128
SECOND = 64
BATCH_WORDS = 3000
RATE = 2e-3
DECAY = 1e-5
DROP_INPUT = 0.15
DROP_HIDDEN = 0.25


@dataclass(slots=True)
class Material:
    """Words of all texts in a row, `PAD` empty ones between texts.

    Attributes:
        vectors: shape `(n, dimensions)`, half precision.
        shapes: shape `(variants, n, features)`: as written, and in small letters.
        labels: shape `(n,)`; -1 where a word does not count.
        weights: shape `(n,)`.
        starts: first row of each text, and the end of the last.
        lower: share of passes in which a text is seen in small letters, shape `(texts,)`.
    """

    vectors: NDArray[np.float16]
    shapes: NDArray[np.float16]
    labels: NDArray[np.int64]
    weights: FloatArray
    starts: NDArray[np.int64]
    lower: FloatArray


def fit(material: Material, labels: int, *, passes: int, seed: int, listed: slice, report: bool = True) -> Net:
    """Return the fitted net. `listed` are the features that say in which lists a word stands: sometimes hidden."""
    rng = np.random.default_rng(seed)
    net = _start(material.vectors.shape[1], material.shapes.shape[2], labels, rng)
    parameters = list(net.parameters().values())
    moments = [(np.zeros_like(each), np.zeros_like(each)) for each in parameters]
    texts = len(material.starts) - 1
    total = passes * int(np.ceil(material.starts[-1] / BATCH_WORDS))
    step = 0
    for number in range(passes):
        order = rng.permutation(texts)
        losses = []
        sizes = np.cumsum(material.starts[order + 1] - material.starts[order])
        for batch in np.split(order, np.searchsorted(sizes, np.arange(BATCH_WORDS, sizes[-1], BATCH_WORDS))):
            if not len(batch):
                continue
            rows = np.concatenate([np.arange(material.starts[i], material.starts[i + 1]) for i in batch])
            small = np.repeat(rng.random(len(batch)) < material.lower[batch], np.diff(material.starts)[batch])
            shapes = material.shapes[small.astype(int), rows].astype(np.float32)
            hidden_list = rng.random(len(rows)) < 0.15
            shapes[hidden_list, listed] = 0
            vectors = material.vectors[rows].astype(np.float32)
            loss, gradients = _gradients(net, vectors, shapes, material.labels[rows], material.weights[rows], rng)
            losses.append(loss)
            step += 1
            rate = RATE * 0.5 * (1 + np.cos(np.pi * min(1, step / total)))
            for parameter, gradient, (mean, square) in zip(parameters, gradients, moments, strict=True):
                mean += 0.1 * (gradient - mean)
                square += 0.001 * (gradient * gradient - square)
                scaled = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
                parameter -= (rate * (scaled + DECAY * parameter * 100)).astype(np.float32)
        if report:
            print(f"pass {number + 1}: loss {np.mean(losses):.4f}", flush=True)
    return net


def _start(dimensions: int, features: int, labels: int, rng: np.random.Generator) -> Net:
    def matrix(rows: int, columns: int) -> FloatArray:
        return rng.normal(0, np.sqrt(2 / rows), (rows, columns)).astype(np.float32)

    return Net(
        vectors=matrix(3 * dimensions, HIDDEN),
        shapes=matrix((2 * NEAR + 1) * features, HIDDEN),
        hidden_bias=np.zeros(HIDDEN, np.float32),
        second=matrix((2 * NEAR + 1) * HIDDEN, SECOND),
        second_bias=np.zeros(SECOND, np.float32),
        out=matrix(HIDDEN + SECOND, labels),
        out_bias=np.zeros(labels, np.float32),
    )


def _gradients(
    net: Net,
    vectors: FloatArray,
    shapes: FloatArray,
    labels: NDArray[np.int64],
    weights: FloatArray,
    rng: np.random.Generator,
) -> tuple[float, list[FloatArray]]:
    """Loss and its gradients, by hand."""
    keep = (rng.random(vectors.shape) > DROP_INPUT).astype(np.float32) / (1 - DROP_INPUT)
    near_vectors = shifted(vectors * keep, 1)
    near_shapes = shifted(shapes, NEAR)
    hidden = np.maximum(near_vectors @ net.vectors + near_shapes @ net.shapes + net.hidden_bias, 0)
    hidden *= (rng.random(hidden.shape) > DROP_HIDDEN) / (1 - DROP_HIDDEN)
    near_hidden = shifted(hidden, NEAR)
    second = np.maximum(near_hidden @ net.second + net.second_bias, 0)
    second *= (rng.random(second.shape) > DROP_HIDDEN) / (1 - DROP_HIDDEN)
    both = np.concatenate([hidden, second], axis=1)
    logits = both @ net.out + net.out_bias
    logits -= logits.max(axis=1, keepdims=True)
    chance = np.exp(logits)
    chance /= chance.sum(axis=1, keepdims=True)
    counted = labels >= 0
    weight = np.where(counted, weights, 0)
    weight /= max(1e-6, weight.sum())
    row = np.arange(len(labels))
    loss = -float((weight * np.log(chance[row, np.maximum(labels, 0)] + 1e-9)).sum())
    d_logits = chance
    d_logits[row, np.maximum(labels, 0)] -= 1
    d_logits *= weight[:, None]
    d_both = d_logits @ net.out.T
    d_second = d_both[:, HIDDEN:] * (second > 0) / (1 - DROP_HIDDEN)
    d_hidden = (d_both[:, :HIDDEN] + _unshifted(d_second @ net.second.T, NEAR)) * (hidden > 0) / (1 - DROP_HIDDEN)
    gradients = [
        near_vectors.T @ d_hidden, near_shapes.T @ d_hidden, d_hidden.sum(axis=0), near_hidden.T @ d_second,
        d_second.sum(axis=0), both.T @ d_logits, d_logits.sum(axis=0),
    ]  # fmt: skip
    return loss, [each.astype(np.float32) for each in gradients]


def _unshifted(gradient: FloatArray, near: int) -> FloatArray:
    """What `shifted` spread, gathered again."""
    size = gradient.shape[1] // (2 * near + 1)
    padded = np.zeros((len(gradient) + 2 * near, size), np.float32)
    for place in range(2 * near + 1):
        padded[place : place + len(gradient)] += gradient[:, place * size : (place + 1) * size]
    return padded[near : near + len(gradient)]
