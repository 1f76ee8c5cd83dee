"""How well personal data is found, and how often harmless messages are touched."""

import json
from collections import Counter
from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from evals.table import resampled
from graph.context import PersonalDataFinder, PersonalSpan

NEUTRAL = frozenset({"AGE", "DATE", "NRP", "ORG", "PREFIX", "TITLE"})
"""Types whose characters count neither for nor against. Whatever else a set marks is personal."""

MARKED = ("presidio_synth", "support_synth_multilingual")
NAMES = "wnut17_names"
HARMLESS = (
    ("banking77", "intent/banking77_oos", 20),
    ("hint3", "intent/hint3", 4),
    ("support words", "injection/support_trigger_benign", 2),
)
"""Sets of messages that should not be touched: a name, where it lies, and that every so many-th row is read."""


Spans = Iterable[tuple[int, int, str]]
"""Start, end (exclusive) and type."""


@dataclass(frozen=True, slots=True)
class Count:
    """Characters of one text: personal ones, those of them that were found, and what was found wrongly."""

    personal: int
    found: int
    wrong: int


def counted(text: str, spans: Spans, found: Iterable[PersonalSpan], neutral: Container[str] = NEUTRAL) -> Count:
    """Hold what was found against what a set marks, whatever the types are. Spaces are never wrong."""
    kind = {place: type_ for start, end, type_ in spans for place in range(start, end)}
    marked = {place for span in found for place in range(span.start, span.end)}
    personal = {place for place, type_ in kind.items() if type_ not in neutral}
    wrong = sum(place not in kind and not text[place].isspace() for place in marked)
    return Count(len(personal), len(personal & marked), wrong)


def shares(counts: Collection[Count]) -> tuple[float, float, float]:
    """Precision, recall and F2 by character."""
    found = sum(each.found for each in counts)
    precision = found / max(1, found + sum(each.wrong for each in counts))
    recall = found / max(1, sum(each.personal for each in counts))
    return precision, recall, 5 * precision * recall / max(1e-9, 4 * precision + recall)


def _share(place: int, counts: Collection[Count]) -> float:
    return shares(counts)[place]


def by_character(path: Path, finder: PersonalDataFinder) -> dict[str, object]:
    """Precision, recall and F2 by character of one set, with intervals over its texts, and the recall of each type."""
    counts: list[Count] = []
    hit: Counter[str] = Counter()
    gold: Counter[str] = Counter()
    for row in _rows(path):
        found = finder.find(row["text"])
        spans = [(each["start"], each["end"], each["type"]) for each in row["spans"]]
        counts.append(counted(row["text"], spans, found))
        marked = {place for span in found for place in range(span.start, span.end)}
        for start, end, type_ in spans:
            gold[type_] += end - start
            hit[type_] += sum(place in marked for place in range(start, end))
    result: dict[str, object] = {"set": path.parent.name, "n": len(counts)}
    for place, name in enumerate(("precision", "recall", "f2")):
        measure = partial(_share, place)
        result |= {name: measure(counts), f"{name} 95 %": resampled(counts, measure)}
    types = {type_: round(hit[type_] / count, 2) for type_, count in gold.items() if type_ not in NEUTRAL}
    return result | {"by type": types}


def names(path: Path, finder: PersonalDataFinder) -> list[dict[str, object]]:
    """Share of a set's people that are found, at least in part, and of texts with nothing marked that are touched."""
    hits: list[bool] = []
    plain: list[str] = []
    for row in _rows(path):
        found = finder.find(row["text"])
        people = [span for span in row["spans"] if span["type"] == "PERSON"]
        hits += [any(each.start < span["end"] and each.end > span["start"] for each in found) for span in people]
        plain += [row["text"]] * (not row["spans"])
    share, values = touched(plain, finder)
    return [
        {"set": f"{path.parent.name}, people", "n": len(hits), "found": sum(hits) / len(hits)},
        {"set": f"{path.parent.name}, nothing marked", "n": len(plain), "touched": share, "what": values[:20]},
    ]


def touched(texts: list[str], finder: PersonalDataFinder) -> tuple[float, list[str]]:
    """Share of texts in which anything is found, and what it was."""
    found = [[text[span.start : span.end] for span in finder.find(text)] for text in texts]
    return sum(map(bool, found)) / len(texts), [value for values in found for value in values]


def personal_data(data: Path, finder: PersonalDataFinder) -> list[dict[str, object]]:
    """Rows on personal data. The head that a new installation uses has learnt from the halves named `dev`."""
    result = [by_character(data / "pii" / name / "dev.jsonl", finder) for name in MARKED]
    result += names(data / "pii" / NAMES / "dev.jsonl", finder)
    for name, path, step in HARMLESS:
        texts = [row["text"] for row in _rows(data / path / "dev.jsonl")[::step]]
        share, values = touched(texts, finder)
        result.append({"set": name, "n": len(texts), "touched": share, "what": values[:20]})
    texts = [row["text"] for row in _rows(data / "docs" / "plausible" / "questions.dev.jsonl")]
    share, values = touched(texts, finder)
    return [*result, {"set": "plausible questions", "n": len(texts), "touched": share, "what": values[:20]}]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
