"""The sets that the search is measured on: collections, and what is asked of them."""

import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.guide import GUIDE, NOT_FOR_VISITORS
from evals.data import Record, held_out, read_jsonl
from graph.state import Earlier

FOLLOW_UPS = Path(__file__).with_name("followups.toml")
LANGUAGES = ("de", "es", "fr")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, after what was said, and what is right: documents, or `document: heading` of passages."""

    text: str
    right: frozenset[str]
    kept_back: bool
    history: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A number in [0, 1] from what was found, best first, and what is right. `target` is the least it is to be."""

    name: str
    of: Callable[[Sequence[str], frozenset[str]], float]
    target: float | None = None


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Questions of one kind to a collection, which several sets may share. A collection is read once."""

    name: str
    records: Callable[[Path], list[Record]]
    questions: Callable[[Path], list[Question]]
    measures: tuple[Measure, ...]
    by_heading: bool = False
    """Whether the right passages are told apart by their headings."""


def ndcg_at_10(found: Sequence[str], right: frozenset[str]) -> float:
    """Normalised discounted cumulative gain with binary relevance (Järvelin and Kekäläinen, 2002)."""
    gained = sum(1 / math.log2(place + 2) for place, document in enumerate(found[:10]) if document in right)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(10, len(right))))


def first(found: Sequence[str], right: frozenset[str]) -> float:
    """Whether a right one comes first."""
    return float(bool(found) and found[0] in right)


def in_five(found: Sequence[str], right: frozenset[str]) -> float:
    """Whether a right one is among the first five."""
    return float(not right.isdisjoint(found[:5]))


HITS = (Measure("first", first), Measure("in five", in_five))


def corpus(name: str) -> Callable[[Path], list[Record]]:
    """The records of a file, as they are."""
    return lambda data: read_jsonl(data / name)


def queries(name: str, language: str | None = None, written: str | None = None) -> Callable[[Path], list[Question]]:
    """The questions of a file in one language, if one is named; what is right is `written` in another one."""

    def read(data: Path) -> list[Question]:
        return [
            Question(
                each["text"],
                frozenset(f"{written}:{key.split(':')[1]}" if written else key for key in each["relevant"]),
                held_out(each["id"]),
                tuple(
                    Earlier("visitor" if said["role"] == "user" else "assistant", said["text"])
                    for said in each.get("history", ())
                ),
            )
            for each in read_jsonl(data / name)
            if each["relevant"] and language in (None, each.get("lang"))
        ]

    return read


def without_heading(name: str, *languages: str) -> Callable[[Path], list[Record]]:
    """The sections of a guide, of which the questions are the headings."""

    def read(data: Path) -> list[Record]:
        sections = [each for each in read_jsonl(data / name) if each["lang"] in languages]
        return [{"id": each["id"], "title": "", "text": each["text"]} for each in sections]

    return read


def _page_questions(*languages: str) -> Callable[[Path], list[Question]]:
    def read(data: Path) -> list[Question]:
        return [
            Question(each["text"], frozenset(each["relevant_pages"]), held_out(each["id"]))
            for each in read_jsonl(data / "docs/plausible/questions.dev.jsonl")
            if each["answerable"] and each["lang"] in languages
        ]

    return read


def _english_pages(data: Path) -> list[Record]:
    return [each for each in read_jsonl(data / "docs/letsencrypt_multilingual/pages.jsonl") if each["lang"] == "en"]


def _asked_from_abroad(data: Path) -> list[Question]:
    """Questions in other languages whose page stands in English, too, under the same name."""
    english = {each["id"] for each in _english_pages(data)}
    return [
        Question(each["text"], frozenset([page]), held_out(each["id"]))
        for each in read_jsonl(data / "docs/letsencrypt_multilingual/faq.dev.jsonl")
        if each["lang"] in LANGUAGES and (page := f"en/{each['page'].partition('/')[2]}") in english
    ]


def _own_languages(data: Path) -> list[Question]:
    asked = queries("docs/letsencrypt_multilingual/faq.dev.jsonl")(data)
    return [each for each in asked if {key[:3] for key in each.right} <= {f"{language}/" for language in LANGUAGES}]


def guide(data: Path) -> list[Record]:
    """Parley's own guide, without what visitors do not find in it."""
    del data
    pages = sorted(path for path in GUIDE.glob("*.md") if path.name not in NOT_FOR_VISITORS)
    return [{"id": path.name, "title": "", "text": path.read_text(encoding="utf-8")} for path in pages]


def follow_ups(data: Path) -> list[Question]:
    """The last questions of the conversations beside this file."""
    del data
    return [
        Question(
            each["asks"],
            frozenset(each["sections"]),
            each.get("kept_back", False),
            tuple(Earlier("assistant" if turn % 2 else "visitor", text) for turn, text in enumerate(each["said"])),
        )
        for each in tomllib.loads(FOLLOW_UPS.read_text(encoding="utf-8"))["conversation"]
    ]


PAGES = corpus("docs/plausible/pages.jsonl")
XQUAD = {language: corpus(f"retrieval/xquad/corpus.{language}.jsonl") for language in ("de", "en", "es")}
SETS = (
    RetrievalSet(
        "scifact",
        corpus("retrieval/scifact/corpus.jsonl"),
        queries("retrieval/scifact/queries.dev.jsonl"),
        (Measure("nDCG@10", ndcg_at_10, 0.72),),
    ),
    RetrievalSet(
        "stackfaq",
        corpus("retrieval/stackfaq/corpus.jsonl"),
        queries("retrieval/stackfaq/queries.dev.jsonl"),
        (Measure("nDCG@10", ndcg_at_10, 0.95),),
    ),
    RetrievalSet(
        "plausible FAQ",
        without_heading("docs/plausible/sections.jsonl", "en"),
        queries("docs/plausible/faq.dev.jsonl"),
        (Measure("nDCG@10", ndcg_at_10, 0.78),),
    ),
    RetrievalSet(
        "plausible questions",
        PAGES,
        _page_questions("en"),
        (Measure("first", first, 0.80), Measure("in five", in_five, 0.97)),
    ),
    RetrievalSet("plausible asked in de, es, fr", PAGES, _page_questions(*LANGUAGES), HITS),
    RetrievalSet("let's encrypt asked in de, es, fr", _english_pages, _asked_from_abroad, HITS),
    *(
        RetrievalSet(
            f"xquad English asked in {language}",
            XQUAD["en"],
            queries("retrieval/xquad/queries.dev.jsonl", language, written="en"),
            HITS,
        )
        for language in ("de", "es")
    ),
    RetrievalSet(
        "let's encrypt FAQ in de, es, fr",
        without_heading("docs/letsencrypt_multilingual/sections.jsonl", *LANGUAGES),
        _own_languages,
        (Measure("nDCG@10", ndcg_at_10),),
    ),
    *(
        RetrievalSet(f"xquad {language}", XQUAD[language], queries("retrieval/xquad/queries.dev.jsonl", language), HITS)
        for language in ("de", "es")
    ),
    RetrievalSet("follow-ups on the guide", guide, follow_ups, HITS, by_heading=True),
    RetrievalSet(
        "follow-ups of mtrag",
        corpus("retrieval/mtrag_un/corpus.jsonl"),
        queries("retrieval/mtrag_un/queries.dev.jsonl"),
        (Measure("nDCG@10", ndcg_at_10),),
    ),
)
