"""Growth: what thousands of turns of mixed length on the local model leave in a server's memory."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from random import Random
from uuid import uuid4

from app.db.users import ensure_guest
from app.guide import ensure_site_or_guide
from app.settings import Settings, Turn
from app.turn_request import AttachedText, TurnRequest
from app.turns import run_turn
from app.wiring import Services, open_services
from evals.bench.figure import Figure
from evals.bench.material import material
from graph.events import Done

TURNS = 2000
WARM_UP = 200
"""Turns after which caches are full and pools are open."""
AT_ONCE = 8
CONVERSATION = 5
RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")


async def measure_growth(home: Path) -> list[Figure]:
    """Ask the guide, eight visitors at a time; compare resident memory after the first 200 turns and after all."""
    settings = Settings(home=home, turn=Turn(cache="off"))
    questions = (await asyncio.to_thread(material, None)).questions
    async with open_services(settings, command="parley eval bench") as services:
        site = await ensure_site_or_guide(services.sessions, services.encoder, settings, "default")
        random = Random(1)
        asked = [_request(random, questions, site.id) for _ in range(TURNS // CONVERSATION)]
        at = WARM_UP // CONVERSATION
        await _all(services, asked[:at])
        before = _resident_mib()
        rungs = await _all(services, asked[at:])
        after = _resident_mib()
    return [
        Figure(f"memory after {TURNS} turns against that after {WARM_UP}", after / before, "times", 1.05),
        Figure("after all", after, "MiB"),
        Figure("turns that the local model answered", rungs.count("local"), "turns"),
        Figure("turns that failed", rungs.count("failed"), "turns", 0),
    ]


def _request(random: Random, questions: tuple[str, ...], site_id: int) -> list[TurnRequest]:
    """A conversation of another visitor: short questions, long ones, and some with a file."""
    user, conversation, requests = uuid4(), uuid4(), []
    for _ in range(CONVERSATION):
        text = " ".join(random.choices(questions, k=random.choice([1, 1, 1, 3, 12])))
        files = (AttachedText("notes.txt", "text/plain", text * 4),) if random.random() < 0.1 else ()
        requests.append(TurnRequest(site_id, user, conversation, uuid4(), text, files, counted=False))
    return requests


async def _all(services: Services, conversations: list[list[TurnRequest]]) -> list[str]:
    """Hold the conversations, some side by side; return who answered each turn."""
    waiting, rungs = iter(conversations), list[str]()

    async def visitor() -> None:
        for requests in waiting:
            async with services.sessions.begin() as session:
                user_id = (await ensure_guest(session, requests[0].site_id, requests[0].user_id)).id
            for request in requests:
                rung = "failed"
                async for event in run_turn(services, replace(request, user_id=user_id)):
                    if isinstance(event, Done):
                        rung = event.rung
                rungs.append(rung)

    await asyncio.gather(*(visitor() for _ in range(AT_ONCE)))
    return rungs


def _resident_mib() -> float:
    """Resident memory of this process."""
    found = RESIDENT.search(Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) / 1024 if found else float("nan")
