"""Fits the weights by which the answer cache judges whether two questions are the same, and says how they do.

Run as `python -m evals.train_same_question DATA`. Half a minute, nearly all of it encoding. The weights are printed:
they stand in `graph/knowledge/same_question.py`.
"""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.model_files import ENCODER, TOKENIZER, checked
from evals.cache import SETS
from evals.data import held_out, read_jsonl
from graph.context import FloatArray
from graph.encoder.onnx import OnnxEncoder
from graph.knowledge.apart import apart
from graph.knowledge.same_question import LEAST_SIMILARITY, signs
from graph.knowledge.wording import wording_of

FOLDS = 5
RIDGE = 10.0
"""Strength of the pull to zero, on signs scaled to unit variance."""
STEPS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """Two questions, whether they have the same answer, of which set, and what they are about."""

    one: str
    other: str
    same: bool
    set: str
    about: str


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the signs, shape `(3,)`, and the log-odds where all signs are 0."""

    signs: FloatArray
    bias: float

    def log_odds(self, given: FloatArray) -> FloatArray:
        """Shape `(n,)`, from signs of shape `(n, 3)`."""
        return np.asarray(given @ self.signs + self.bias, dtype=np.float32)


def rows(data: Path) -> Iterator[Row]:
    """The pairs of the half that is looked at. What they are about is an intent, or a thread of paraphrases."""
    for folder, name in SETS.items():
        records = read_jsonl(data / "pairs" / folder / "dev.jsonl")
        thread = _threads([(row["a"], row["b"]) for row in records if row["label"]])
        for row in records:
            if not held_out(row.get("intent_a") or row["a"]):
                about = str(row.get("intent_a") or thread.get(row["a"], row["a"]))
                yield Row(row["a"], row["b"], bool(row["label"]), name, about)


def fit(given: FloatArray, same: FloatArray) -> Weights:
    """Logistic regression with a ridge, by Newton's method."""
    mean, scale = given.mean(axis=0), given.std(axis=0)
    scaled = np.c_[(given - mean) / scale, np.ones(len(given))].astype(np.float64)
    pull = np.diag([RIDGE] * given.shape[1] + [0.0])
    weights = np.zeros(scaled.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ (chance - same) + pull @ weights
        weights -= np.linalg.solve(scaled.T @ (scaled * (chance * (1 - chance))[:, None]) + pull, slope)
    plain = weights[:-1] / scale
    return Weights(plain.astype(np.float32), float(weights[-1] - plain @ mean))


def main(data: Path) -> None:
    """Fit on what is looked at, and print the weights and what passes at which log-odds when it was not learnt from."""
    pairs = list(rows(data))
    encoder = OnnxEncoder(checked(ENCODER), checked(TOKENIZER), name=ENCODER.path.stem)
    texts = sorted({text for pair in pairs for text in (pair.one, pair.other)})
    tokens = {text: encoder.encode_tokens(text) for text in texts}
    worded = {text: wording_of(text, seen) for text, seen in tokens.items()}
    near = [float(tokens[pair.one].sentence @ tokens[pair.other].sentence) for pair in pairs]
    given = np.array(
        [signs(worded[pair.one], worded[pair.other], cosine) for pair, cosine in zip(pairs, near, strict=True)]
    )
    same = np.array([pair.same for pair in pairs], dtype=np.float32)
    fold = np.array([hashlib.sha256(pair.about.encode()).digest()[1] % FOLDS for pair in pairs])
    unseen = np.zeros(len(pairs), dtype=np.float32)
    for each in range(FOLDS):
        unseen[fold == each] = fit(given[fold != each], same[fold != each]).log_odds(given[fold == each])
    weights = fit(given, same)
    print("weights", ", ".join(f"{weight:.2f}" for weight in weights.signs), f"bias {weights.bias:.2f}")
    judged = np.array(
        [
            cosine >= LEAST_SIMILARITY and not apart(pair.one, pair.other)
            for pair, cosine in zip(pairs, near, strict=True)
        ]
    )
    for least in np.arange(1.5, 2.6, 0.1):
        hit = judged & (unseen >= least)
        print(f"log-odds {least:.1f}:", ", ".join(_shares(pairs, hit.tolist())))


def _shares(pairs: list[Row], hit: list[bool]) -> Iterator[str]:
    for group in dict.fromkeys((pair.set, pair.same) for pair in pairs):
        there = [taken for pair, taken in zip(pairs, hit, strict=True) if (pair.set, pair.same) == group]
        yield f"{group[0]} {'same' if group[1] else 'others'} {sum(there)} of {len(there)}"


def _threads(paraphrases: list[tuple[str, str]]) -> dict[str, str]:
    """For each question one of its thread: all that are paraphrases of each other, over any number of steps."""
    found: dict[str, set[str]] = {}
    for one, other in paraphrases:
        thread = found.get(one, {one}) | found.get(other, {other})
        found.update(dict.fromkeys(thread, thread))
    return {question: min(thread) for question, thread in found.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
