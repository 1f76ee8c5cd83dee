"""Cut one block that is too long for a chunk, at the best place that its kind offers."""

import re
from collections.abc import Callable, Iterator

from graph.knowledge.document import Block

Count = Callable[[str], int]
"""Tokens of a text, without a bound."""

_LINES, _SENTENCES, _WORDS = re.compile(r"(?<=\n)"), re.compile(r"(?<=[.!?])(?=\s)"), re.compile(r"(?<=\s)(?=\S)")
_FENCE = re.compile(r"\A([ \t]*(?:`{3,}|~{3,}))[^\n]*\n(.*?)\n?[ \t]*(?:`{3,}|~{3,})?[ \t]*\Z", re.DOTALL)
_WORD_CHARS = 400


def cut_block(block: Block, room: int, count: Count) -> list[str]:
    """Return the pieces of a block, each of at most `room` tokens unless it must repeat a long header row.

    Pieces of a table repeat its header, pieces of code its fence.
    """
    if block.kind == "table" and block.text.count("\n") > 1:
        first, rule, rows = block.text.split("\n", 2)
        return [f"{first}\n{rule}\n{rest}" for rest in _pieces(rows, max(room - count(first), room // 2), count)]
    fence = _FENCE.match(block.text) if block.kind == "code" else None
    if fence is not None:
        opening = block.text.split("\n", 1)[0]
        return [f"{opening}\n{body}\n{fence[1]}" for body in _pieces(fence[2], room, count)]
    return list(_pieces(block.text, room, count))


def _pieces(text: str, room: int, count: Count) -> Iterator[str]:
    """Pack lines into pieces; cut a line that is too long at its sentences, a sentence at its words."""
    parts: list[str] = []
    used = 0
    for part, tokens in _small(text, room, count, (_LINES, _SENTENCES, _WORDS)):
        if parts and used + tokens > room:
            yield "".join(parts).strip("\n")
            parts, used = [], 0
        parts.append(part)
        used += tokens
    if "".join(parts).strip():
        yield "".join(parts).strip("\n")


def _small(text: str, room: int, count: Count, places: tuple[re.Pattern[str], ...]) -> Iterator[tuple[str, int]]:
    for part in places[0].split(text):
        tokens = count(part)
        if tokens <= room:
            yield part, tokens
        elif len(places) > 1:
            yield from _small(part, room, count, places[1:])
        else:  # one endless word, such as encoded data
            size = min(_WORD_CHARS, room)
            for start in range(0, len(part), size):
                piece = part[start : start + size]
                yield piece, count(piece)
