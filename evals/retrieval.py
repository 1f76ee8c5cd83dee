"""How well passages are found: sets of questions to collections that the product itself ingests and searches."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.search import SiteKnowledge
from app.db.sites import delete_site, ensure_site
from app.ingest import ingest
from app.settings import Knowledge
from evals.data import Record, write_jsonl
from evals.retrieval_sets import SETS, Measure, Question, RetrievalSet
from evals.table import lines, resampled
from graph.context import Encoder, Passage
from graph.knowledge.followup import search_text

PASSAGES = 40
"""Passages asked for: enough to hold ten different documents."""
Sessions = async_sessionmaker[AsyncSession]


@dataclass(slots=True)
class RetrievalResult:
    """What one set gave: a number for each question and measure, in the order of the set's questions."""

    name: str
    chunks: int
    kept_back: list[bool] = field(default_factory=list)
    values: dict[Measure, list[float]] = field(default_factory=dict)
    search_ms: list[float] = field(default_factory=list)


async def measure_retrieval(
    sessions: Sessions, encoder: Encoder, settings: Knowledge, data: Path, *, sets: Sequence[RetrievalSet] = SETS
) -> AsyncIterator[RetrievalResult]:
    """Measure each set. A collection has a site of its own, which is deleted when its last set was measured.

    A set that `data` does not have gives no numbers.
    """
    collections: dict[Callable[[Path], list[Record]], list[tuple[RetrievalSet, list[Question]]]] = {}
    for each in sets:
        try:
            questions = await asyncio.to_thread(each.questions, data)
        except FileNotFoundError:
            yield RetrievalResult(each.name, 0, values={measure: [] for measure in each.measures})
            continue
        collections.setdefault(each.records, []).append((each, questions))
    for read, asked in collections.items():
        records = await asyncio.to_thread(read, data)
        async with _shelf(sessions, encoder, settings, records) as (knowledge, chunks):
            for each, questions in asked:
                yield await _measured(each, questions, knowledge, encoder, chunks)


@asynccontextmanager
async def _shelf(
    sessions: Sessions, encoder: Encoder, settings: Knowledge, records: list[Record]
) -> AsyncIterator[tuple[SiteKnowledge, int]]:
    """A site that holds the records, and how many passages they have."""
    site = f"eval {uuid4()}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "records.jsonl"
            await asyncio.to_thread(write_jsonl, file, records)
            report = await ingest(sessions, encoder, settings, site=site, records=[file])
        async with sessions.begin() as session:
            site_id = (await ensure_site(session, site)).id
        yield SiteKnowledge(sessions, site_id, encoder.name), report.chunks
    finally:
        async with sessions.begin() as session:
            await delete_site(session, site)


async def _measured(
    retrieval_set: RetrievalSet, questions: list[Question], knowledge: SiteKnowledge, encoder: Encoder, chunks: int
) -> RetrievalResult:
    result = RetrievalResult(retrieval_set.name, chunks, values={each: [] for each in retrieval_set.measures})
    for question in questions:
        text = search_text(question.text, question.history)
        vector = (await asyncio.to_thread(encoder.encode, [text]))[0]
        started = time.perf_counter()
        passages = await knowledge.search(text, vector, limit=PASSAGES)
        result.search_ms.append((time.perf_counter() - started) * 1000)
        found = list(dict.fromkeys(_name(passage, by_heading=retrieval_set.by_heading) for passage in passages))
        result.kept_back.append(question.kept_back)
        for measure, values in result.values.items():
            values.append(measure.of(found, question.right))
    return result


def _name(passage: Passage, *, by_heading: bool) -> str:
    return f"{passage.document}: {passage.heading}" if by_heading else passage.document


HEADER = (
    "set", "measure", "tuned on", "n", "kept back", "95 % interval", "n", "all", "95 % interval", "n", "target",
    "passages", "ms",
)  # fmt: skip


def table(results: Sequence[RetrievalResult]) -> Iterator[str]:
    """Return the results as lines of a table: the means of each half and of all, with bootstrapped intervals."""
    return lines(HEADER, [cells for result in results for cells in _cells(result)])


def _cells(result: RetrievalResult) -> Iterator[tuple[str, ...]]:
    for measure, values in result.values.items():
        tuned, kept = (
            [value for value, back in zip(values, result.kept_back, strict=True) if back is half]
            for half in (False, True)
        )
        yield (
            result.name,
            measure.name,
            *_mean(tuned),
            *_mean_between(kept),
            *_mean_between(values),
            "-" if measure.target is None else f"{measure.target:.2f}",
            str(result.chunks),
            f"{statistics.median(result.search_ms):.1f}" if result.search_ms else "-",
        )


def _mean_between(values: list[float]) -> tuple[str, str, str]:
    mean, count = _mean(values)
    low, high = resampled(values, statistics.fmean)
    return mean, f"{low:.3f} to {high:.3f}" if values else "-", count


def _mean(values: list[float]) -> tuple[str, str]:
    return (f"{statistics.fmean(values):.3f}", str(len(values))) if values else ("-", "0")
