"""Texts that nobody marked: a spaCy model says where their names are, so that names in real sentences are seen, too."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import spacy

from evals.personal.texts import IGNORED, Marked
from graph.guards.names import announced, believable

PASSAGES = ("retrieval/mtrag_un/corpus.jsonl", "retrieval/xquad/corpus.en.jsonl")
CALLS = "intent/natcs_dstc11/dev.jsonl"
_PIECE = re.compile(r"[^\n]{60,350}(?:[.!?](?=\s|$)|$)")
_DOUBTFUL = frozenset({"GPE", "LOC", "ORG", "FAC", "WORK_OF_ART", "EVENT", "PRODUCT", "NORP"})
_UNUSED_PIPES = ["tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]


def read(data: Path, model: Path) -> list[Marked]:
    """Passages of encyclopedias and forums, twice as many with people as without, and what callers said."""
    nlp = spacy.load(model, exclude=_UNUSED_PIPES)
    marked = [Marked(text, tuple(_people(nlp, text)), "read", text) for text in dict.fromkeys(_pieces(data))]
    with_people = [each for each in marked if any(label == "PERSON" for *_, label in each.spans)]
    without = [each for each in marked if each not in with_people]
    calls = [row["text"] for row in _rows(data / CALLS) if not re.search(r"\d", row["text"])]
    said = [Marked(text, tuple(_said(nlp, text)), "calls", text) for text in calls]
    return [*with_people, *without[: len(with_people) // 2], *said]


def _pieces(data: Path) -> Iterator[str]:
    for name in PASSAGES:
        for row in _rows(data / name):
            yield from (piece.strip() for piece in _PIECE.findall(row["text"])[:5])


def _people(nlp: spacy.language.Language, text: str) -> Iterator[tuple[int, int, str]]:
    for entity in nlp(text).ents:
        if entity.label_ == "PERSON":
            yield entity.start_char, entity.end_char, "PERSON" if believable(entity.text) else IGNORED
        elif entity.label_ in _DOUBTFUL:
            yield entity.start_char, entity.end_char, IGNORED


def _said(nlp: spacy.language.Language, text: str) -> Iterator[tuple[int, int, str]]:
    """Callers tell their names, often after words that announce one."""
    sure = [(span.start, span.end, "PERSON") for span in announced(text)]
    yield from sure
    for start, end, label in _people(nlp, text):
        if not any(first < end and last > start for first, last, _ in sure):
            yield start, end, label


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
