"""How well personal data and injected instructions are found, and how often harmless messages are touched."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from evals.train_injection import samples
from graph.context import Encoder, InjectionScreen, PersonalDataFinder
from graph.guards.pseudonyms import TYPES

PERSONAL = TYPES - {"TEXT", "URL"}
NEUTRAL = frozenset({"LOCATION", "PREFIX", "TITLE", "URL"})
"""Types whose characters count neither for nor against: parts of addresses and names in one set and not in another."""

MARKED = ("presidio_synth", "support_synth_multilingual")
HARMLESS = (
    ("banking77", "intent/banking77_oos", 20),
    ("hint3", "intent/hint3", 4),
    ("support words", "injection/support_trigger_benign", 2),
)
"""Sets of messages that should not be touched: a name, where it lies, and that every so many-th row is read."""


def by_character(path: Path, finder: PersonalDataFinder, *, step: int = 1) -> dict[str, object]:
    """Precision, recall and F2 by character of one set, whatever type was given, and the recall of each type."""
    hit: Counter[str] = Counter()
    gold: Counter[str] = Counter()
    right = wrong = 0
    for row in _rows(path)[::step]:
        kind: dict[int, str] = {}
        for span in row["spans"]:
            kind |= dict.fromkeys(range(span["start"], span["end"]), span["type"])
        marked = {place for span in finder.find(row["text"]) for place in range(span.start, span.end)}
        for place, type_ in kind.items():
            if type_ in PERSONAL:
                gold[type_] += 1
                hit[type_] += place in marked
        right += sum(kind.get(place) in PERSONAL for place in marked)
        wrong += sum(kind.get(place) not in PERSONAL | NEUTRAL and not row["text"][place].isspace() for place in marked)
    precision, recall = right / max(1, right + wrong), sum(hit.values()) / max(1, sum(gold.values()))
    f2 = 5 * precision * recall / max(1e-9, 4 * precision + recall)
    types = {type_: round(hit[type_] / count, 2) for type_, count in gold.items()}
    return {"set": path.parent.name, "f2": f2, "precision": precision, "recall": recall, "by type": types}


def touched(texts: list[str], finder: PersonalDataFinder) -> tuple[float, list[str]]:
    """Share of texts in which anything is found, and what it was."""
    found = [[text[span.start : span.end] for span in finder.find(text)] for text in texts]
    return sum(map(bool, found)) / len(texts), [value for values in found for value in values]


def personal_data(data: Path, finder: PersonalDataFinder) -> list[dict[str, object]]:
    """Rows on personal data."""
    result = [by_character(data / "pii" / name / "dev.jsonl", finder) for name in MARKED]
    for name, path, step in HARMLESS:
        texts = [row["text"] for row in _rows(data / path / "dev.jsonl")[::step]]
        began = time.perf_counter()
        share, values = touched(texts, finder)
        took = (time.perf_counter() - began) * 1000 / len(texts)
        result.append({"set": name, "n": len(texts), "touched": share, "ms": took, "what": values[:20]})
    texts = [row["text"] for row in _rows(data / "docs" / "plausible" / "questions.dev.jsonl")]
    share, values = touched(texts, finder)
    return [*result, {"set": "plausible questions", "n": len(texts), "touched": share, "what": values[:20]}]


def injection(data: Path, screen: InjectionScreen, encoder: Encoder) -> list[dict[str, object]]:
    """Share of each set that the screen blocks, of the part on which its head was neither trained nor tuned."""
    kept = [sample for sample in samples(data) if sample.part == "test"]
    vectors = encoder.encode([sample.text for sample in kept])
    blocked: dict[str, list[bool]] = {}
    for sample, vector in zip(kept, vectors, strict=True):
        blocked.setdefault(sample.kind, []).append(screen.judge(sample.text, vector).blocked)
    return [{"set": kind, "n": len(each), "blocked": sum(each) / len(each)} for kind, each in sorted(blocked.items())]


def main(data: Path, finder: PersonalDataFinder, screen: InjectionScreen, encoder: Encoder) -> list[dict[str, object]]:
    """Every row of this evaluation."""
    return [*injection(data, screen, encoder), *personal_data(data, finder)]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
