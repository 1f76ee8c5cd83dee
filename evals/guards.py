"""How well injected instructions are found, how often harmless messages are stopped, and what an obeying model does."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from app.loading import load_passage_screen
from evals import unseen
from evals.actions import actions
from evals.injection.messages import messages
from graph.context import Encoder, InjectionScreen

FILES = Path(__file__).parent / "injection" / "files.toml"
"""Invoices, orders, logs, letters, settings, notes and the like, made up."""


def shipped(data: Path, screen: InjectionScreen, encoder: Encoder) -> list[dict[str, object]]:
    """Share of harmless messages that the screen of this installation blocks; the head that it brings has seen them."""
    kept = [message for message in messages(data, 1) if not message.own and not message.attack]
    vectors = encoder.encode([message.text for message in kept])
    blocked: dict[str, list[bool]] = {}
    for message, vector in zip(kept, vectors, strict=True):
        name = "all support questions" if message.support else message.kind
        blocked.setdefault(name, []).append(screen.judge(message.text, vector).blocked)
    return [
        {"set": f"{kind}, as installed", "n": len(each), "blocked": sum(each) / len(each)}
        for kind, each in sorted(blocked.items())
    ]


def files(encoder: Encoder) -> dict[str, object]:
    """Share of ordinary files, as visitors attach them, in which the screen of passages finds an instruction."""
    kept = tomllib.loads(FILES.read_text(encoding="utf-8"))["file"]
    marked = load_passage_screen(encoder).suspicious([file["text"] for file in kept])
    return {"set": "ordinary files, as installed", "n": len(kept), "marked": sum(marked) / len(kept)}


def main(data: Path, screen: InjectionScreen, encoder: Encoder) -> Iterator[dict[str, object]]:
    """Every row of this evaluation."""
    yield from unseen.messages(data, encoder)
    yield from unseen.passages(data, encoder)
    yield from shipped(data, screen, encoder)
    yield files(encoder)
    yield from actions(data, encoder)
