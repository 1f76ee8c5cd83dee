"""A passage as the pieces that can be quoted: sentences, list items, table rows, code blocks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from graph.knowledge.dates import is_calendar
from graph.knowledge.plain import without_inner_links

_SENTENCE_END = re.compile(r"[.!?][\"')\]*_]*(\s+)(?=[\"'(\[*_`¿¡]*[A-ZÀ-Þ0-9])")
_DECORATION = re.compile(r"^\s*([-*_=:|\s]{3,}|:::.*|<[^>]*>)\s*$")
_BEGINS_BLOCK = re.compile(r"^\s*([-*+]\s|\d{1,2}[.)]\s|#{1,6}\s|>|\|)")
_HEADING = re.compile(r"^\s*#{1,6}\s")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_ITEM_NUMBER = re.compile(r"^\d{1,2}\.$")
_ABBREVIATIONS = (
    "e.g.",
    "i.e.",
    "etc.",
    "vs.",
    "approx.",
    "no.",
    "Mr.",
    "Mrs.",
    "Ms.",
    "Dr.",
    "St.",
    "z.B.",
    "Nr.",
    "ca.",
    "bzw.",
    "Tsd.",
    "Mio.",
    "Mrd.",
)
_DAY = re.compile(r"\b\d{1,2}\.$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a passage's text. Pieces with the same `line` stood in one paragraph, list item or row."""

    text: str
    line: int

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


def pieces(text: str) -> list[Piece]:
    """Cut a passage into pieces, in order. Decoration, images and empty lines are left out."""
    return [
        Piece(piece, number)
        for number, block in enumerate(_blocks(text))
        for piece in ([block] if block.startswith("```") else sentences(block))
    ]


def _blocks(text: str) -> list[str]:
    """Paragraphs, list items, rows of tables and code blocks: what stands on one line, however it was wrapped."""
    blocks: list[str] = []
    fenced = open_ = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            if fenced:
                blocks[-1] += f"\n{line}"
            else:
                blocks.append(line)
            fenced, open_ = not fenced, False
        elif fenced:
            blocks[-1] += f"\n{line}"
        elif not (clean := _clean(line)):
            open_ = False
        elif open_ and not _BEGINS_BLOCK.match(line):
            blocks[-1] += f" {clean}"
        else:
            blocks.append(clean)
            open_ = not _HEADING.match(line)
    if fenced:
        blocks[-1] += "\n```"
    return blocks


def sentences(line: str) -> list[str]:
    """Cut running text into sentences. Does not cut behind common abbreviations, the number of an item or a day."""
    parts: list[str] = []
    line = line.strip()
    cuts = [end.span(1) for end in _SENTENCE_END.finditer(line)]
    starts, ends = [0, *(after for _, after in cuts)], [*(before for before, _ in cuts), len(line)]
    for part in (line[start:end] for start, end in zip(starts, ends, strict=True)):
        if parts and _goes_on(parts[-1], part):
            parts[-1] += f" {part}"
        elif part.strip():
            parts.append(part.strip())
    return parts


def _goes_on(part: str, following: str) -> bool:
    """Whether the full stop at the end of a part ends no sentence: "e.g.", "1." of a list, "am 3. Mai"."""
    if part.endswith(_ABBREVIATIONS) or _ITEM_NUMBER.match(part):
        return True
    return _DAY.search(part) is not None and is_calendar(following.split(maxsplit=1)[0].strip(".,;:"))


def joined(chosen: Sequence[Piece]) -> str:
    """Set pieces of one passage together again: on one line what stood on one line, else below each other."""
    text = ""
    for before, piece in zip([None, *chosen], chosen, strict=False):
        if before is not None:
            text += " " if piece.line == before.line else "\n"
        text += piece.text
    return text


def _clean(line: str) -> str:
    """A line without decoration, pictures, and links that lead nowhere outside their own document."""
    if _DECORATION.match(line):
        return ""
    line = re.sub(r"^\s*(>\s*)+", "", line)
    line = re.sub(r"^\s*#{1,6}\s+(.*)$", r"**\1**", line)
    return without_inner_links(_IMAGE.sub("", line)).strip()
