"""A visitor's file as passages of this one turn."""

from collections.abc import Iterable

from graph.context import Encoder, FloatArray, Passage
from graph.state import Attached

WINDOW_CHARS = 900
MOST_WINDOWS = 40
MOST_PASSAGES = 2


def attached_passages(files: Iterable[Attached], question: FloatArray, encoder: Encoder) -> list[Passage]:
    """Return the parts of the files that are nearest to the question, best first. Blocks: call it in a thread."""
    windows = [(file.name, text) for file in files for text in _windows(file.text)][:MOST_WINDOWS]
    if not windows:
        return []
    nearness = (encoder.encode([text for _, text in windows]) @ question).tolist()
    ranked = sorted(zip(nearness, windows, strict=True), key=lambda item: -item[0])[:MOST_PASSAGES]
    return [
        Passage(
            chunk_id=0,
            document=name,
            title=name,
            heading="Attached file",
            url=None,
            text=text,
            score=near,
            similarity=near,
            origin="attachment",
        )
        for near, (name, text) in ranked
    ]


def _windows(text: str) -> list[str]:
    windows: list[str] = []
    current = ""
    for paragraph in text.split("\n"):
        if current and len(current) + len(paragraph) > WINDOW_CHARS:
            windows.append(current)
            current = ""
        current = f"{current}\n{paragraph}".strip()[: 2 * WINDOW_CHARS]
    return [*windows, current] if current else windows
