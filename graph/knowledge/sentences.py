"""A passage as the pieces that can be quoted: sentences, list items, table rows, code blocks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]*_]*\s+(?=[\"'(\[*_`¿¡]*[A-ZÀ-Þ0-9])")
_DECORATION = re.compile(r"^\s*([-*_=:|\s]{3,}|:::.*|<[^>]*>)\s*$")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_RELATIVE_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://)[^)]*\)")
_ITEM_NUMBER = re.compile(r"^\d{1,2}\.$")
_ABBREVIATIONS = ("e.g.", "i.e.", "etc.", "vs.", "approx.", "no.", "Mr.", "Mrs.", "Ms.", "Dr.", "St.")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a passage's text. Pieces with the same `line` stood on one line."""

    text: str
    line: int

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


def pieces(text: str) -> list[Piece]:
    """Cut a passage into pieces, in order. Decoration, images and empty lines are left out."""
    found: list[Piece] = []
    fence: list[str] | None = None
    for number, line in enumerate(text.splitlines()):
        if line.lstrip().startswith("```"):
            if fence is None:
                fence = [line]
            else:
                found.append(Piece("\n".join([*fence, line]), number))
                fence = None
        elif fence is not None:
            fence.append(line)
        else:
            found += [Piece(sentence, number) for sentence in sentences(_clean(line))]
    if fence is not None:
        found.append(Piece("\n".join([*fence, "```"]), len(text)))
    return found


def sentences(line: str) -> list[str]:
    """Cut running text into sentences. Does not cut behind common abbreviations and the number of an item."""
    parts: list[str] = []
    for part in _SENTENCE_END.split(line.strip()):
        if parts and (parts[-1].endswith(_ABBREVIATIONS) or _ITEM_NUMBER.match(parts[-1])):
            parts[-1] += f" {part}"
        elif part.strip():
            parts.append(part.strip())
    return parts


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
    return _RELATIVE_LINK.sub(r"\1", _IMAGE.sub("", line)).strip()
