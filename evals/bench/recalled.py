"""Recalled: the whole turn of a question that was asked before in other words, and where its time goes."""

from uuid import uuid4

from app.wiring import Services
from evals.bench.figure import Figure, median, percentile
from evals.bench.material import Material
from evals.bench.turn import asking

SITE = "bench-recalled"
QUESTIONS = 80
WARM_UP = 5
OPENINGS = ("Could you tell me: {}", "I would like to know, {}")
"""Other words for a question. Each is asked once, so that no vector of it is known already."""
PARTS = ("admit", "of it personal data", "screen", "classify", "recall", "between the nodes", "keep")


async def measure_recalled(services: Services, documents: Material) -> list[Figure]:
    """Ask questions, then ask them in other words, each in a conversation of its own; only the model is not real."""
    visitor = await asking(services, documents, SITE)

    async def ask(text: str) -> dict[str, float]:
        times, _ = await visitor.turn(uuid4(), text)
        return times

    asked = documents.questions[:QUESTIONS]
    for question in asked:
        await ask(question)
    turns = [await ask(opening.format(question)) for opening in OPENINGS for question in asked][WARM_UP:]
    hits = [turn for turn in turns if "retrieve" not in turn and "recall" in turn]
    whole = [turn["whole"] for turn in hits]
    return [
        Figure(f"turn of a question asked before in other words, {len(hits)} turns", median(whole), "ms", 60),
        *(Figure(part, median([turn[part] for turn in hits if part in turn]), "ms") for part in PARTS),
        Figure("95th percentile", percentile(whole, 95), "ms"),
        Figure("of so many", len(turns), "turns"),
    ]
