"""A visitor's file as passages of this one turn."""

import re
from collections.abc import Iterable

from graph.context import Encoder, FloatArray, Marks, Passage
from graph.state import Attached

WINDOW_CHARS = 900
MOST_WINDOWS = 40
MOST_PASSAGES = 2
_ENDING = re.compile(r"\.\w{1,5}$")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def attached_passages(
    files: Iterable[Attached], question: FloatArray, encoder: Encoder, marks: Marks, name_marks: Marks
) -> list[Passage]:
    """Return the parts of the files that are nearest to the question, best first. Blocks: call it in a thread.

    Args:
        marks: tells which parts seem to hold instructions.
        name_marks: tells which names do. All parts of such a file are suspicious.
    """
    windows = [(file.name, text) for file in files for text in _windows(file.text)][:MOST_WINDOWS]
    if not windows:
        return []
    nearness = (encoder.encode([text for _, text in windows]) @ question).tolist()
    ranked = sorted(zip(nearness, windows, strict=True), key=lambda item: -item[0])[:MOST_PASSAGES]
    marked = marks([text for _, (_, text) in ranked])
    named = {name: any(name_marks(_read_as(name))) for name in dict.fromkeys(name for _, (name, _) in ranked)}
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
            suspicious=suspicious or named[name],
            origin="attachment",
        )
        for (near, (name, text)), suspicious in zip(ranked, marked, strict=True)
    ]


def _read_as(name: str) -> list[str]:
    """A file's name without its ending, as it is and as words."""
    stem = _ENDING.sub("", name)
    return [stem, _BETWEEN_WORDS.sub(" ", stem).strip()]


def _windows(text: str) -> list[str]:
    windows: list[str] = []
    current = ""
    for paragraph in text.split("\n"):
        if current and len(current) + len(paragraph) > WINDOW_CHARS:
            windows.append(current)
            current = ""
        current = f"{current}\n{paragraph}".strip()[: 2 * WINDOW_CHARS]
    return [*windows, current] if current else windows
