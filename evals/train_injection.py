"""Trains the injection head from a folder of public sets, and says how it does on the part that it has not seen.

Run as `python -m evals.train_injection DATA [WEIGHTS]`.
"""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np

from app.model_files import ENCODER, TOKENIZER, checked
from graph.context import Encoder, FloatArray
from graph.encoder.onnx import OnnxEncoder
from graph.guards.injection import THRESHOLD, WEIGHTS, windows
from graph.intents.regression import balanced, fit
from graph.intents.starter import starter_intents

C = 20.0
FALSE_ALARMS = 0.01
"""Share of harmless support messages that may score above the threshold where it is set."""
HARD_FALSE_ALARMS = 0.05
"""The same for harmless messages that are full of an attack's words."""

Part = Literal["train", "tune", "test"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text of a set and whether it is an attack. `part` follows from the text, so that twins stay together."""

    text: str
    kind: str
    attack: bool

    @property
    def part(self) -> Part:
        """Three fifths train, one sets the threshold, one is kept for the figures."""
        fifth = sha256(self.text.strip().lower().encode()).digest()[0] % 5
        return "test" if fifth == 0 else "tune" if fifth == 1 else "train"


def samples(data: Path) -> list[Sample]:
    """Direct attacks, jailbreaks, look-alikes, and plain support messages."""
    found: list[Sample] = []
    for name in (
        "deepset",
        "jailbreak_inthewild",
        "cyberseceval",
        "support_authored",
        "notinject",
        "support_trigger_benign",
    ):
        for row in _rows(data / "injection" / name / "dev.jsonl"):
            attack = row["label"] == "attack"
            found.append(Sample(row["text"], f"{name} {'attacks' if attack else 'harmless'}", attack))
    for name, step in (("banking77_oos", 5), ("clinc150", 9), ("hint3", 2), ("natcs_dstc11", 2)):
        rows = _rows(data / "intent" / name / "dev.jsonl")
        found += [Sample(row["text"], f"{name} support", False) for row in rows[::step]]
    pairs = _rows(data / "pairs" / "stackfaq_paraphrases" / "dev.jsonl")
    found += [Sample(text, "stackfaq support", False) for text in sorted({row["a"] for row in pairs})]
    found += [
        Sample(r["text"], "plausible support", False)
        for r in _rows(data / "docs" / "plausible" / "questions.dev.jsonl")
    ]
    for row in _rows(data / "injection" / "bipia_indirect" / "dev.jsonl"):
        if row["label"] != "attack":
            found += [Sample(window, "bipia clean passages", False) for window in windows(row["text"])[:3]]
    found += [
        Sample(each, "starter", False)
        for intent in starter_intents().intents
        if intent.name != "abuse"
        for each in intent.examples
    ]
    return list({sample.text: sample for sample in found}.values())


def train(data: Path, encoder: Encoder) -> tuple[FloatArray, float, list[dict[str, object]]]:
    """Return direction, bias and the figures on the kept part. The bias puts the fitted threshold at `THRESHOLD`."""
    everything = samples(data)
    vectors = encoder.encode([sample.text for sample in everything])
    labels = np.array([int(sample.attack) for sample in everything])
    parts = np.array([sample.part for sample in everything])
    kinds = np.array([sample.kind for sample in everything])
    rows = parts == "train"
    weights = balanced(labels[rows]) * np.where(
        np.isin(kinds[rows], ["notinject harmless", "support_authored harmless"]), 3, 1
    )
    head = fit(vectors[rows].astype(np.float64), labels[rows], weights, c=C, steps=300)
    direction, bias = head[:-1, 1] - head[:-1, 0], float(head[-1, 1] - head[-1, 0])
    logits = vectors @ direction + bias
    support = (parts == "tune") & np.array([kind.endswith(" support") for kind in kinds])
    hard = (parts == "tune") & (kinds == "notinject harmless")
    threshold = max(
        np.quantile(logits[support], 1 - FALSE_ALARMS / 2), np.quantile(logits[hard], 1 - HARD_FALSE_ALARMS)
    )
    shift = math.log(THRESHOLD / (1 - THRESHOLD)) - float(threshold)
    figures = list(_figures(kinds[parts == "test"], logits[parts == "test"] >= threshold))
    return direction.astype(np.float32), bias + shift, figures


def _figures(
    kinds: "np.ndarray[tuple[int], np.dtype[np.str_]]", flagged: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> Iterator[dict[str, object]]:
    for kind in sorted(set(kinds)):
        yield {"set": str(kind), "n": int((kinds == kind).sum()), "flagged": float(flagged[kinds == kind].mean())}


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def main(data: Path, weights: Path = WEIGHTS) -> list[dict[str, object]]:
    """Train, write the head, and return the figures."""
    encoder = OnnxEncoder(checked(ENCODER), checked(TOKENIZER))
    direction, bias, figures = train(data, encoder)
    np.savez(weights, encoder=np.array(encoder.name), direction=direction, bias=np.array(bias))
    return figures


if __name__ == "__main__":
    for row in main(*map(Path, sys.argv[1:])):
        print(json.dumps(row))
