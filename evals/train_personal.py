"""Trains the head that finds personal data, and says how it does on families of texts that it has not seen.

Run as `python -m evals.train_personal DATA [HEAD]`, with the packages of the product and `faker` 40, `django` 5.2,
`django-oscar` 4.2 and `wagtail` 8 (the last three without what they depend on) to be imported. It takes about a quarter
of an hour on two cores; the same data, packages and machine give the same head. Its card is
`docs/decisions/0007-personal-data-head.md`.

It collects texts (`evals.personal.texts`, `evals.personal.read`), encodes them, fits a net on three quarters of the
families and measures that one on the last quarter, then fits the one that is kept on everything.
"""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.model_files import ENCODER, SPACY, TOKENIZER, checked
from evals.personal.figures import figures
from evals.personal.lists import lists
from evals.personal.net import PAD, Material, fit
from evals.personal.read import read
from evals.personal.texts import IGNORED, LABEL_OF_SLOT, Marked, everything
from graph.context import FloatArray
from graph.encoder.onnx import OnnxEncoder
from graph.guards.net import Net
from graph.guards.personal_data import PresidioFinder
from graph.guards.tagger import HEAD, Tagger
from graph.guards.words import FEATURES, NAMED, Words, words

SEED = 7
PASSES = 7
LABELS = ["NOTHING", *sorted({label for label in LABEL_OF_SLOT.values() if label != IGNORED})]
THRESHOLD = 0.4
THRESHOLDS = {"URL": 0.3}
"""From which chance of anything personal a word counts, by the likeliest label."""
WEIGHTS = {"presidio": 1.5, "wnut": 2.0, "read": 0.5}
LOWER = {"presidio": 0.15, "wnut": 0.2, "support": 0.1}
OTHER_LOWER = 0.3
"""Share of passes in which a text is seen in small letters."""
"""How much a word of a source counts; others count 1."""
ALWAYS = frozenset({"drawn", "read", "calls"})
"""Sources that only ever train."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text, its words, and their shapes in small letters."""

    marked: Marked
    words: Words
    lower: FloatArray
    labels: NDArray[np.int64]


def main(data: Path, head: Path = HEAD) -> list[dict[str, object]]:
    """Train, write the head, and return the figures of the net that has not seen the part that they are of."""
    encoder = OnnxEncoder(checked(ENCODER), checked(TOKENIZER))
    known = lists(data)
    texts = [*everything(data, SEED), *read(data, checked(SPACY))]
    sets = {name: frozenset(hashes.tolist()) for name, hashes in known.items()}
    encoded = [each for text in texts if len((each := encode(text, encoder, sets)).labels)]
    seen = [each for each in encoded if each.marked.part == "train" or each.marked.source in ALWAYS]
    with tempfile.TemporaryDirectory() as folder:
        store(Path(folder) / "head.npz", encoder.name, learn(seen), known)
        finder = PresidioFinder(Tagger(encoder, Path(folder) / "head.npz"))
        kept = [text for text in texts if text.part == "test" and text.source not in ALWAYS]
        rows = list(figures(kept, finder))
    store(head, encoder.name, learn(encoded), known)
    return rows


def encode(marked: Marked, encoder: OnnxEncoder, sets: dict[str, frozenset[int]]) -> Encoded:
    """Encode a text once; in small letters only the shapes differ, as the encoder is blind to case."""
    tokens, lower = encoder.encode_tokens(marked.text), marked.text.lower()
    seen = words(marked.text, tokens, sets)
    labels = np.zeros(len(seen.spans), np.int64)
    for row, (start, end) in enumerate(seen.spans.tolist()):
        for first, last, label in marked.spans:
            if start < last and end > first:
                labels[row] = -1 if label == IGNORED else LABELS.index(label)
    small = words(lower, tokens, sets).shapes if len(lower) == len(marked.text) else seen.shapes
    return Encoded(marked, seen, small, labels)


def learn(encoded: list[Encoded]) -> Net:
    """Fit a net."""
    starts = np.cumsum([0, *(len(each.labels) + PAD for each in encoded)])
    material = Material(
        vectors=np.zeros((starts[-1], encoded[0].words.vectors.shape[1]), np.float16),
        shapes=np.zeros((2, starts[-1], FEATURES), np.float16),
        labels=np.full(starts[-1], -1, np.int64),
        weights=np.zeros(starts[-1], np.float32),
        starts=starts,
        lower=np.array([LOWER.get(each.marked.source, OTHER_LOWER) for each in encoded], np.float32),
    )
    for start, each in zip(starts, encoded, strict=False):
        rows = slice(start, start + len(each.labels))
        material.vectors[rows] = each.words.vectors
        material.shapes[:, rows] = each.words.shapes, each.lower
        material.labels[rows] = each.labels
        material.weights[rows] = WEIGHTS.get(each.marked.source, 1.0)
    return fit(material, len(LABELS), passes=PASSES, seed=SEED, listed=NAMED)


def store(head: Path, encoder: str, net: Net, known: dict[str, NDArray[np.uint32]]) -> None:
    """Write everything that `Tagger` reads; weights in half precision."""
    arrays: dict[str, NDArray[Any]] = {
        "encoder": np.array(encoder),
        "labels": np.array(LABELS),
        "thresholds": np.array([THRESHOLDS.get(label, THRESHOLD) for label in LABELS], np.float32),
        **{f"list_{name}": hashes for name, hashes in known.items()},
        **{name: weights.astype(np.float16) for name, weights in net.parameters().items()},
    }
    np.savez_compressed(head, allow_pickle=False, **arrays)


if __name__ == "__main__":
    for row in main(*map(Path, sys.argv[1:])):
        print(json.dumps(row))
