"""Cuts a passage or a tool's result into the pieces that can each carry an instruction."""

import re

LEAST_LETTERS = 10
"""A piece with fewer letters instructs nobody."""
MOST_CHARS = 400
PIECES = 64
"""Of a longer passage as many pieces, evenly spread, are judged."""

_END = re.compile(
    r"""
    \s*\n\s*(?![a-zß-ÿ])                      # a line, unless it goes on in small letters
    | (?<=[.!?。！？])["'”’)\]]*\s+(?![a-zß-ÿ]) # a sentence
    | ["']\s*[,:\]}]+\s*["'{\[]*              # a value or a key of a tool's result
    | (?<=\S)\s*\|\s*(?=\S)                   # a cell of a table
    """,
    re.VERBOSE,
)
_SPACES = re.compile(r"[^\S\n]{2,}")
_LETTER = re.compile(r"[^\W\d_]")


def segments(text: str) -> list[str]:
    """The pieces of `text` in their order: sentences, lines, cells, and the values of JSON. Short ones are left out."""
    text = _SPACES.sub(" ", text)
    found = [
        piece[start : start + MOST_CHARS].strip()
        for piece in _END.split(text)
        for start in range(0, len(piece), MOST_CHARS)
    ]
    kept = [piece for piece in found if len(_LETTER.findall(piece)) >= LEAST_LETTERS]
    return spread(kept, PIECES)


def spread(pieces: list[str], most: int) -> list[str]:
    """At most so many of the pieces, evenly spread, the first and the last among them."""
    if len(pieces) <= most:
        return pieces
    step = (len(pieces) - 1) / (max(2, most) - 1)
    return [pieces[round(number * step)] for number in range(max(2, most))]
