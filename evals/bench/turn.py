"""Turn: all that a turn takes beside the model, and where that time goes."""

import asyncio
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

from app.db.sites import ensure_site
from app.db.users import ensure_guest
from app.ingest import ingest
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services
from evals.bench.figure import Figure, median, percentile
from evals.bench.instant import instant_route
from evals.bench.material import Material
from graph.context import PersonalDataFinder, PersonalSpan
from graph.events import Done, Failed, Started, Step

SITE = "bench-turn"
TURNS = 60
WARM_UP = 5
CONVERSATION = 3
"""Turns of a conversation: the later ones have a history to read."""
PARTS = (
    "admit",
    "of it personal data",
    "screen",
    "classify",
    "retrieve",
    "answer",
    "check",
    "between the nodes",
    "keep",
)


class TimedFinder:
    """Finds what the finder within finds, and remembers how long it took."""

    def __init__(self, finder: PersonalDataFinder) -> None:
        self._finder = finder
        self.took_ms = 0.0

    def find(self, text: str) -> list[PersonalSpan]:
        """Return spans that do not overlap, by start."""
        began = time.perf_counter()
        try:
            return self._finder.find(text)
        finally:
            self.took_ms = (time.perf_counter() - began) * 1000


@dataclass(frozen=True, slots=True)
class Asking:
    """A visitor of a site that knows some documents, with everything real but for a model that answers at once."""

    services: Services
    finder: TimedFinder
    site_id: int
    user_id: UUID

    async def turn(self, conversation: UUID, text: str) -> tuple[dict[str, float], str]:
        """Ask; return the milliseconds by part, and how the turn ended."""
        request = TurnRequest(self.site_id, self.user_id, conversation, uuid4(), text, counted=False)
        times, ending = await timed(self.services, request)
        return times | {"of it personal data": self.finder.took_ms}, ending


async def asking(services: Services, documents: Material, site: str) -> Asking:
    """Ingest the documents and make the visitor."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "documents.jsonl"
        await asyncio.to_thread(documents.write, file)
        await ingest(services.sessions, services.encoder, services.settings.knowledge, site=site, records=[file])
    async with services.sessions.begin() as session:
        site_id = (await ensure_site(session, site)).id
        user_id = (await ensure_guest(session, site_id, uuid4())).id
    finder = TimedFinder(services.personal_data)
    services = replace(services, models=(instant_route(),), personal_data=finder)
    return Asking(services, finder, site_id, user_id)


async def measure_turn(services: Services, documents: Material) -> list[Figure]:
    """Ask questions through `run_turn`."""
    visitor = await asking(services, documents, SITE)
    turns: list[dict[str, float]] = []
    endings: Counter[str] = Counter()
    conversation = uuid4()
    for number, question in enumerate(documents.questions[: TURNS + WARM_UP]):
        if number % CONVERSATION == 0:
            conversation = uuid4()
        times, ending = await visitor.turn(conversation, question)
        if number >= WARM_UP:
            turns.append(times)
            endings[ending] += 1
    whole = [turn["whole"] for turn in turns]
    return [
        Figure(f"turn without its model, {len(turns)} turns", median(whole), "ms", 60),
        *(Figure(part, median([turn[part] for turn in turns if part in turn]), "ms") for part in PARTS),
        Figure("95th percentile", percentile(whole, 95), "ms"),
        *(Figure(f"turns that ended as {ending}", count, "turns") for ending, count in endings.most_common()),
    ]


async def timed(services: Services, request: TurnRequest) -> tuple[dict[str, float], str]:
    """Milliseconds of a turn by part, and how it ended."""
    times: dict[str, float] = defaultdict(float)
    began = admitted = last = time.perf_counter()
    ending = "nothing"
    async for event in run_turn(services, request):
        moment = time.perf_counter()
        match event:
            case Started():
                admitted = last = moment
            case Step(name=name, duration_ms=took):
                times[name] += took
                last = moment
            case Done(rung=rung):
                ending = rung
            case Failed():
                ending = "failed"
    ended = time.perf_counter()
    nodes = sum(times.values())
    return {
        **times,
        "admit": (admitted - began) * 1000,
        "between the nodes": (last - admitted) * 1000 - nodes,
        "keep": (ended - last) * 1000,
        "whole": (ended - began) * 1000,
    }, ending
