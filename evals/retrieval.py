"""How well passages are found: public sets, ingested and searched by the product itself."""

import asyncio
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.search import SiteKnowledge
from app.db.sites import delete_site, ensure_site
from app.ingest import ingest
from app.settings import Knowledge
from evals.data import Record, held_out, read_jsonl, write_jsonl
from graph.context import Encoder

Measure = Callable[[list[str], set[str]], float]
"""From the documents found, best first, and the right ones, to a number in [0, 1]."""
PASSAGES = 40
"""Passages asked for: enough to hold ten different documents."""


def ndcg_at_10(found: list[str], right: set[str]) -> float:
    """Normalised discounted cumulative gain with binary relevance (Järvelin and Kekäläinen, 2002)."""
    gained = sum(1 / math.log2(place + 2) for place, document in enumerate(found[:10]) if document in right)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(10, len(right))))


def hit_at_1(found: list[str], right: set[str]) -> float:
    """Whether a right document comes first."""
    return float(bool(found) and found[0] in right)


def hit_at_5(found: list[str], right: set[str]) -> float:
    """Whether a right document is among the first five."""
    return float(not right.isdisjoint(found[:5]))


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A collection, the questions asked of it, and how the answers are counted."""

    name: str
    records: Callable[[Path], list[Record]]
    questions: Callable[[Path], list[tuple[str, str, set[str]]]]
    """Id, text and right documents of each."""
    measures: tuple[Measure, ...]


@dataclass(slots=True)
class RetrievalResult:
    """What one set gave. `values` holds one number a question for each measure, by half (held out or not)."""

    name: str
    documents: int
    chunks: int
    ingest_s: float
    search_ms: list[float] = field(default_factory=list)
    values: dict[str, dict[bool, list[float]]] = field(default_factory=dict)


def _corpus(name: str) -> Callable[[Path], list[Record]]:
    return lambda data: read_jsonl(data / name / "corpus.jsonl")


def _queries(name: str) -> Callable[[Path], list[tuple[str, str, set[str]]]]:
    def read(data: Path) -> list[tuple[str, str, set[str]]]:
        found = read_jsonl(data / name / "queries.dev.jsonl")
        return [(each["id"], each["text"], set(each["relevant"])) for each in found]

    return read


def _sections_without_heading(data: Path) -> list[Record]:
    sections = read_jsonl(data / "docs/plausible/sections.jsonl")
    return [{"id": each["id"], "title": "", "text": each["text"]} for each in sections]


def _faq(data: Path) -> list[tuple[str, str, set[str]]]:
    found = read_jsonl(data / "docs/plausible/faq.dev.jsonl")
    return [(each["id"], each["text"], set(each["relevant"])) for each in found]


def _page_questions(data: Path) -> list[tuple[str, str, set[str]]]:
    found = read_jsonl(data / "docs/plausible/questions.dev.jsonl")
    return [
        (each["id"], each["text"], set(each["relevant_pages"]))
        for each in found
        if each["answerable"] and each["lang"] == "en"
    ]


SETS = (
    RetrievalSet("plausible FAQ", _sections_without_heading, _faq, (ndcg_at_10,)),
    RetrievalSet(
        "plausible questions",
        lambda data: read_jsonl(data / "docs/plausible/pages.jsonl"),
        _page_questions,
        (hit_at_1, hit_at_5),
    ),
    RetrievalSet("stackfaq", _corpus("retrieval/stackfaq"), _queries("retrieval/stackfaq"), (ndcg_at_10,)),
    RetrievalSet("scifact", _corpus("retrieval/scifact"), _queries("retrieval/scifact"), (ndcg_at_10,)),
)


async def measure_retrieval(
    sessions: async_sessionmaker[AsyncSession],
    encoder: Encoder,
    settings: Knowledge,
    data: Path,
    *,
    sets: Sequence[RetrievalSet] = SETS,
) -> list[RetrievalResult]:
    """Measure each set in a site of its own that is deleted afterwards. Sets that `data` does not have are left out."""
    results = []
    for each in sets:
        with suppress(FileNotFoundError):
            records, questions = await asyncio.to_thread(_read, each, data)
            results.append(await _measure(sessions, encoder, settings, each, records, questions))
    return results


def _read(retrieval_set: RetrievalSet, data: Path) -> tuple[list[Record], list[tuple[str, str, set[str]]]]:
    return retrieval_set.records(data), retrieval_set.questions(data)


async def _measure(
    sessions: async_sessionmaker[AsyncSession],
    encoder: Encoder,
    settings: Knowledge,
    retrieval_set: RetrievalSet,
    records: list[Record],
    questions: list[tuple[str, str, set[str]]],
) -> RetrievalResult:
    site = f"eval {retrieval_set.name} {uuid4()}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "records.jsonl"
            await asyncio.to_thread(write_jsonl, file, records)
            started = time.perf_counter()
            report = await ingest(sessions, encoder, settings, site=site, records=[file])
        result = RetrievalResult(retrieval_set.name, report.documents, report.chunks, time.perf_counter() - started)
        result.values = {measure.__name__: {False: [], True: []} for measure in retrieval_set.measures}
        async with sessions() as session:
            knowledge = SiteKnowledge(sessions, (await ensure_site(session, site)).id, encoder.name)
        for key, question, right in questions:
            started = time.perf_counter()
            vector = (await asyncio.to_thread(encoder.encode, [question]))[0]
            passages = await knowledge.search(question, vector, limit=PASSAGES)
            result.search_ms.append((time.perf_counter() - started) * 1000)
            found = list(dict.fromkeys(passage.document for passage in passages))
            for measure in retrieval_set.measures:
                result.values[measure.__name__][held_out(key)].append(measure(found, right))
        return result
    finally:
        async with sessions.begin() as session:
            await delete_site(session, site)


def table(results: Sequence[RetrievalResult]) -> Iterator[str]:
    """Return the results as lines of a table: each half's mean with its count, and all with a 95 % interval."""
    yield (
        f"{'set':20} {'measure':11} {'tuned on':>15} {'held out':>15} {'all':>13} "
        f"{'chunks':>7} {'chunks/s':>8} {'search ms':>9}"
    )
    for result in results:
        for measure, halves in result.values.items():
            every = halves[False] + halves[True]
            spread = 1.96 * statistics.pstdev(every) / math.sqrt(len(every)) if every else 0.0
            yield (
                f"{result.name:20} {measure:11} {_mean(halves[False]):>15} {_mean(halves[True]):>15} "
                f"{statistics.fmean(every):.3f} ±{spread:.3f} {result.chunks:7} "
                f"{result.chunks / result.ingest_s:8.1f} {statistics.median(result.search_ms):9.1f}"
            )


def _mean(values: list[float]) -> str:
    return f"{statistics.fmean(values):.3f} (n={len(values)})" if values else "-"
