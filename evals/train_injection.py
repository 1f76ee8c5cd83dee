"""Trains the screen of what visitors write, and says how it does on messages, and on sets, that it has not seen.

Run as `python -m evals.train_injection DATA [WEIGHTS]`. A quarter of an hour on two idle cores, mostly encoding.
"""

import json
import math
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.model_files import ENCODER, TOKENIZER, checked
from evals.injection.fit import Bags, fit
from evals.injection.messages import FOLDS, Message, messages
from graph.context import Encoder, FloatArray
from graph.encoder.onnx import OnnxEncoder
from graph.guards.head import Head
from graph.guards.injection import THRESHOLD, WEIGHTS, features, windows
from graph.guards.lexical import signal
from graph.guards.normalise import plain

SEED = 1
HEADS = 3
"""So many are fitted from different starts; the head that is kept is their mean."""
HIDDEN = 16
BUCKETS = 2**14
PASSES = 5
WORDS_RATE = 30.0
ATTACKS_SHARE = 0.6
"""What all attacks count together, where all harmless messages count 1."""
WINDOWS = 4
WINDOW_WEIGHT = 0.35
"""Of a long message so many windows are learnt from, each for so much of it."""
FALSE_ALARMS = 0.008
"""Share of support questions that the threshold may stop, on messages that were not learnt from."""
LEFT_OUT = ("deepset", "jailbreak_inthewild", "cyberseceval")


@dataclass(slots=True)
class Material:
    """Every message, and the vector and words of it and of its windows, by their place in `pieces`."""

    messages: list[Message]
    cuts: list[list[str]]
    pieces: dict[str, int]
    read: FloatArray
    bags: Bags

    @classmethod
    def made(cls, data: Path, encoder: Encoder) -> "Material":
        """Read all sets and encode every piece once."""
        found = messages(data, SEED)
        cuts = [[message.text, *windows(plain(message.text))] for message in found]
        unique = list(dict.fromkeys(piece for cut in cuts for piece in cut))
        places = {piece: place for place, piece in enumerate(unique)}
        return cls(found, cuts, places, features(encoder.encode(unique)), Bags(unique, BUCKETS))


def trained(material: Material, fold: int | None = None, without: str = "nothing") -> Head:
    """Fit a head; it sees neither the messages of `fold` nor those of the set `without`."""
    owners: list[int] = []
    labels: list[bool] = []
    counts: list[float] = []
    for message, cut in zip(material.messages, material.cuts, strict=True):
        if message.kind.startswith(without) or (message.fold == fold and not message.own):
            continue
        for number, piece in enumerate(cut[: 1 + WINDOWS]):
            owners.append(material.pieces[piece])
            labels.append(message.attack)
            counts.append(message.weight * (WINDOW_WEIGHT if number else 1))
    rows = np.array(owners)
    targets = np.array(labels, dtype=np.float32)
    weights = np.array(counts, dtype=np.float32)
    weights[targets == 1] *= ATTACKS_SHARE * weights[targets == 0].sum() / weights[targets == 1].sum()
    weights /= weights.mean()
    return mean(
        [
            fit(
                material.read[rows],
                material.bags,
                rows,
                targets,
                weights,
                hidden=HIDDEN,
                buckets=BUCKETS,
                passes=PASSES,
                words_rate=WORDS_RATE,
                seed=seed,
            )
            for seed in range(HEADS)
        ]
    )


def mean(heads: Collection[Head]) -> Head:
    """The head whose log-odds are the mean of those of several."""
    return Head(
        inner=np.hstack([head.inner for head in heads]),
        inner_bias=np.hstack([head.inner_bias for head in heads]),
        outer=np.hstack([head.outer for head in heads]) / np.float32(len(heads)),
        straight=np.mean([head.straight for head in heads], axis=0),
        words=np.mean([head.words for head in heads], axis=0),
        bias=np.mean([head.bias for head in heads], axis=0),
    )


def scored(material: Material, head: Head) -> FloatArray:
    """The log-odds of each message: of itself or of its likeliest window."""
    logits = head.logits(material.read, list(material.pieces))
    return np.array([logits[[material.pieces[piece] for piece in cut]].max() for cut in material.cuts])


def unseen(material: Material) -> FloatArray:
    """The log-odds of each message by a head that has not seen it."""
    folds = np.array([message.fold for message in material.messages])
    scores = np.zeros(len(folds), dtype=np.float32)
    for fold in range(FOLDS):
        rows = folds == fold
        scores[rows] = scored(material, trained(material, fold))[rows]
    return scores


def signed(material: Material) -> NDArray[np.bool_]:
    """Whether the letters of each message are enough to block it."""
    found = [signal(plain(message.text)) for message in material.messages]
    return np.array([bool(sign and sign.score >= THRESHOLD) for sign in found])


def limit(material: Material, scores: FloatArray, false_alarms: float, fold: int | None = None) -> float:
    """The log-odds that a share of the support questions reach; of those of `fold` only, if it is given."""
    support = [x.support and fold in {None, x.fold} for x in material.messages]
    return float(np.quantile(scores[np.array(support)], 1 - false_alarms))


def left_out(material: Material, name: str, false_alarms: float) -> Iterator[dict[str, object]]:
    """The figures of a set's attacks by a head that has seen no text of that set."""
    scores = scored(material, trained(material, 0, name))
    blocked = (scores >= limit(material, scores, false_alarms, fold=0)) | signed(material)
    kept = [place for place, message in enumerate(material.messages) if message.kind == f"{name} attacks"]
    return figures([material.messages[place] for place in kept], blocked[kept], ", set never seen")


def main(data: Path, weights: Path = WEIGHTS, encoder: Encoder | None = None) -> list[dict[str, object]]:
    """Train on all, write the head, and return the figures of heads that had not seen the messages or the set."""
    encoder = encoder or OnnxEncoder(checked(ENCODER), checked(TOKENIZER))
    material = Material.made(data, encoder)
    scores = unseen(material)
    threshold = limit(material, scores, FALSE_ALARMS)
    found = list(figures(material.messages, (scores >= threshold) | signed(material), ""))
    for name in LEFT_OUT:
        found += left_out(material, name, FALSE_ALARMS)
    head = trained(material)
    head.bias = head.bias + math.log(THRESHOLD / (1 - THRESHOLD)) - threshold
    head.store(weights, encoder=np.array(encoder.name))
    return found


def figures(found: list[Message], blocked: NDArray[np.bool_], note: str) -> Iterator[dict[str, object]]:
    """Share of each kind that is blocked."""
    kinds = np.array([message.kind for message in found])
    for kind in sorted({message.kind for message in found if not message.own}):
        rows = kinds == kind
        yield {"set": kind + note, "n": int(rows.sum()), "blocked": float(blocked[rows].mean())}
    rows = np.array([message.support for message in found])
    if rows.any():
        yield {"set": "all support questions", "n": int(rows.sum()), "blocked": float(blocked[rows].mean())}


if __name__ == "__main__":
    for row in main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else WEIGHTS):
        print(json.dumps(row))
