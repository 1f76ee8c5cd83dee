"""Answers to natural questions about a documentation: are the facts there, are unanswerable ones declined?"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid4, uuid5

from app.db.search import SiteKnowledge
from app.db.sites import ensure_site
from app.db.users import ensure_guest
from app.ingest import ingest
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services
from graph.events import Done
from graph.knowledge.ground import without_citations

SITE = "eval-answers"
FOLDER = Path("docs") / "plausible"
MOST_WORDS = 120
EVALUATION = uuid5(NAMESPACE_DNS, "evaluation.parley.invalid")
"""The guest who asks."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `count` questions."""

    name: str
    hits: float
    count: int

    @property
    def value(self) -> float:
        """The share, in [0, 1]."""
        return self.hits / self.count if self.count else float("nan")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what came of it."""

    question: dict[str, Any]
    done: Done

    @property
    def declined(self) -> bool:
        """Whether it was told that the documents do not say."""
        return self.done.rung == "fixed" or not self.done.sources

    @property
    def facts(self) -> float:
        """Share of the needed facts that the first words of the answer hold."""
        text = " ".join(without_citations(self.done.text).split()[:MOST_WORDS]).lower()
        facts = self.question["facts"]
        return sum(fact.lower() in text for fact in facts) / len(facts)


async def measure_answers(services: Services, data: Path) -> list[Share]:
    """Ingest the documentation into a site of its own and ask every question, by quoting alone and of the models.

    Args:
        services: with the models to measure; a capable one is any that is trusted to phrase answers.
        data: folder of the public evaluation data.
    """
    folder = data / FOLDER
    questions = [json.loads(line) for line in (folder / "questions.dev.jsonl").read_text("utf-8").splitlines()]
    await ingest(
        services.sessions, services.encoder, services.settings.knowledge, site=SITE, records=[folder / "pages.jsonl"]
    )
    local = replace(services, models=tuple(route for route in services.models if route.rung == "local"))
    shares = await _pages(services, questions)
    capable = replace(services, models=tuple(route for route in services.models if route.trusted))
    modes = {"quoting alone": replace(services, models=()), "local model": local, "capable model": capable}
    for name, used in modes.items():
        if not used.models and name != "quoting alone":
            shares.append(Share(f"{name}: none is set up", 0, 0))
            continue
        if name == "local model" and used.models == capable.models:
            continue
        asked = [Asked(question, await _ask(used, question["text"])) for question in questions]
        shares += _shares(name, asked)
    return shares


async def _pages(services: Services, questions: Sequence[dict[str, Any]]) -> list[Share]:
    async with services.sessions.begin() as session:
        site = await ensure_site(session, SITE)
    knowledge = SiteKnowledge(services.sessions, site.id, services.encoder.name)
    hits: Counter[int] = Counter()
    answerable = [question for question in questions if question["answerable"]]
    for question in answerable:
        passages = await knowledge.search(question["text"], services.encoder.encode([question["text"]])[0], limit=30)
        pages = list(dict.fromkeys(passage.document for passage in passages))
        for most in (1, 5):
            hits[most] += bool(set(pages[:most]) & set(question["relevant_pages"]))
    return [Share(f"right page in the first {most}", hits[most], len(answerable)) for most in (1, 5)]


def _shares(name: str, asked: Sequence[Asked]) -> list[Share]:
    answerable = [each for each in asked if each.question["answerable"]]
    with_facts = [each for each in answerable if each.question["facts"]]
    unanswerable = [each for each in asked if not each.question["answerable"]]
    rungs = Counter(each.done.rung for each in answerable)
    return [
        Share(f"{name}: needed facts present", sum(each.facts for each in with_facts), len(with_facts)),
        Share(f"{name}: answerable answered", sum(not each.declined for each in answerable), len(answerable)),
        Share(f"{name}: unanswerable declined", sum(each.declined for each in unanswerable), len(unanswerable)),
        *(Share(f"{name}: answered by rung {rung}", count, len(answerable)) for rung, count in rungs.items()),
    ]


async def _ask(services: Services, question: str) -> Done:
    async with services.sessions.begin() as session:
        site = await ensure_site(session, SITE)
        user = await ensure_guest(session, site.id, EVALUATION)
    request = TurnRequest(site.id, user.id, uuid4(), uuid4(), question, counted=False)
    events = [event async for event in run_turn(services, request)]
    if not isinstance(events[-1], Done):
        raise RuntimeError(f"no answer to {question!r}: {events[-1]}")
    return events[-1]
