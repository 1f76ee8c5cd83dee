"""Trains the screen of passages and of tools' results, and says how it does on kinds of attacks that it has not seen.

Run as `python -m evals.train_documents DATA [WEIGHTS]`. Half an hour on two idle cores, nearly all of it encoding.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.model_files import ENCODER, TOKENIZER, checked
from evals.injection.fit import Bags, fit
from evals.injection.passages import (
    FIRM,
    FOLDS,
    Injected,
    Instruction,
    Passage,
    clean,
    fold,
    injected,
    instructions,
)
from graph.context import Encoder, FloatArray
from graph.encoder.onnx import OnnxEncoder
from graph.guards.documents import WEIGHTS, features, surroundings
from graph.guards.head import Head
from graph.guards.normalise import plain
from graph.guards.segments import segments

SEED = 20261123
GUIDE = Path(__file__).parents[1] / "docs"
HIDDEN = 32
BUCKETS = 2**14
PASSES = 6
WORDS_RATE = 10.0
PLACES = 3
"""Each instruction is put beside so many clean passages."""
ALONE = 0.12
"""Share of them that stand alone."""
FALSE_ALARMS = (
    (("bipia", "injecagent"), 0.02),
    (("guide", "plausible", "tau2", "letsencrypt"), 0.015),
)
"""Sources, and the share of their clean passages that the threshold may mark, of documents not learnt from."""
WEIGHT = {"bipia": 4.0, "injecagent": 8.0, "asked of tools": 4.0, "bfcl": 0.7, "clinc": 0.5}


@dataclass(slots=True)
class Material:
    """Everything that is learnt from, and the vector and words of each piece, by its place in `pieces`."""

    passages: list[Passage]
    instructions: list[Instruction]
    injected: list[Injected]
    pieces: dict[str, int]
    vectors: FloatArray
    bags: Bags

    @classmethod
    def read(cls, data: Path, encoder: Encoder, guide: Path) -> "Material":
        """Read all sets and encode every piece once."""
        passages, told, bad = clean(data, guide, 0), instructions(data, 1), injected(data)
        texts = [each.text for each in passages] + [each.text for each in bad]
        pieces = [piece for text in texts for piece in segments(plain(text))]
        unique = list(dict.fromkeys([*pieces, *(each.text for each in told)]))
        places = {piece: place for place, piece in enumerate(unique)}
        return cls(passages, told, bad, places, encoder.encode(unique), Bags(unique, BUCKETS))

    def places(self, text: str) -> NDArray[np.int64]:
        """Of the pieces of a passage."""
        return np.array([self.pieces[piece] for piece in segments(plain(text))], dtype=np.int64)


def trained(material: Material, without: int | None) -> Head:
    """Fit a head; `without` is the fold that it does not see."""
    rng = np.random.default_rng(SEED)
    near: list[FloatArray] = []
    owners: list[int] = []
    weights: list[float] = []
    for passage in material.passages:
        places = material.places(passage.text)
        if len(places) and passage.fold != without:
            near.append(surroundings(material.vectors[places]))
            owners += places.tolist()
            weights += [3.0 if passage.source in FIRM else 1.0] * len(places)
    clean_rows = len(owners)
    around = np.concatenate(near)
    pool = around[np.linalg.norm(around, axis=1) > 0]
    for told in material.instructions:
        if told.group and told.source != "own" and fold(told.group) == without:
            continue
        for _ in range(PLACES):
            beside = pool[rng.integers(len(pool))] if rng.random() > ALONE else np.zeros_like(pool[0])
            near.append(beside[None])
            owners.append(material.pieces[told.text])
            weights.append(WEIGHT.get(told.source, 1.0))
    rows = np.array(owners)
    labels = (np.arange(len(rows)) >= clean_rows).astype(np.float32)
    counts = np.array(weights, dtype=np.float32)
    counts[clean_rows:] *= 0.5 * counts[:clean_rows].sum() / counts[clean_rows:].sum()
    read = features(material.vectors[rows], np.concatenate(near))
    return fit(
        read,
        material.bags,
        rows,
        labels,
        counts,
        hidden=HIDDEN,
        buckets=BUCKETS,
        passes=PASSES,
        words_rate=WORDS_RATE,
        seed=SEED,
    )


def scored(material: Material, head: Head, texts: Sequence[str]) -> Iterator[float]:
    """The log-odds of the likeliest piece of each passage."""
    names = list(material.pieces)
    for text in texts:
        places = material.places(text)
        if len(places):
            yield float(head.logits(features(material.vectors[places]), [names[place] for place in places]).max())
        else:
            yield -np.inf


@dataclass(frozen=True, slots=True)
class Judged:
    """The log-odds of a passage by a head that has seen neither it nor, of an attack, its kind."""

    source: str
    text: str
    attack: bool
    score: float


def unseen(material: Material) -> Iterator[Judged]:
    """Judge every passage by the head that was kept from its fold."""
    for part in range(FOLDS):
        head = trained(material, part)
        passages = [(each.source, each.text, False) for each in material.passages if each.fold == part]
        passages += [(each.source, each.text, True) for each in material.injected if fold(each.group) == part]
        scores = scored(material, head, [text for _, text, _ in passages])
        yield from (Judged(*passage, score) for passage, score in zip(passages, scores, strict=True))


def main(data: Path, weights: Path = WEIGHTS, encoder: Encoder | None = None) -> list[dict[str, object]]:
    """Train on all, write the head, and return the figures of the heads that were kept from a fold each."""
    encoder = encoder or OnnxEncoder(checked(ENCODER), checked(TOKENIZER))
    material = Material.read(data, encoder, GUIDE)
    judged = list(unseen(material))
    threshold = max(
        float(np.quantile([each.score for each in judged if each.source in sources and not each.attack], 1 - share))
        for sources, share in FALSE_ALARMS
    )
    head = trained(material, None)
    head.store(weights, encoder=np.array(encoder.name), threshold=np.array(threshold))
    seen = zip(
        (f"{each.source}, seen" for each in material.passages),
        scored(material, head, [each.text for each in material.passages]),
        strict=True,
    )
    return [
        {"set": name, "n": len(scores), "marked": float(np.mean([score >= threshold for score in scores]))}
        for name, scores in _grouped([*((each.source, each.score) for each in judged), *seen])
    ]


def _grouped(scores: list[tuple[str, float]]) -> Iterator[tuple[str, list[float]]]:
    for name in sorted({name for name, _ in scores}):
        yield name, [score for each, score in scores if each == name]


if __name__ == "__main__":
    for row in main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else WEIGHTS):
        print(json.dumps(row))
