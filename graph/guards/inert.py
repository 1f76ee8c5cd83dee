"""Writes a value so that it is nothing but text in the Markdown that it is put into.

The value may be an attacker's: a tool's result or a file can hold anything that looks personal. It must neither be
Markdown, nor HTML, nor an address that somebody makes a link of, and it must become none of them with what stands
before and after it.
"""

import re

from graph.guards.outgoing import CODE_CHARS, DELETED

ADDRESS = re.compile(r"://|www\.", re.IGNORECASE)
SEEN = 40
"""So many characters before a value can become something together with it: the longest is an entity."""

_SPECIAL = re.compile(
    r"[\\`*\[\]<|~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#A-Za-z]|\Z)|!\Z"
    r"|\A(?:[#>=-]|\+(?=\s|\Z)|\d{1,9}[.)](?=\s|\Z))"
)
"""What means something in Markdown where it stands: not `_` within a word, what opens blocks only at the beginning."""
_IN_CODE = str.maketrans({"`": "'", "|": "¦"})
_IN_BLOCK = str.maketrans({"`": "'"})
_MARK = re.compile(r"[!-/:-@\[-`{-~]")
_ENTITY_BEGUN = re.compile(r"(?<!\\)(?:\\\\)*&#?[A-Za-z0-9]{0,32}\Z")
_ADDRESS_BEGUN = frozenset(
    start[:end] for start in ("http://", "https://", "ftp://", "www.") for end in range(2, len(start) + 1)
)


def in_text(value: str) -> str | None:
    """A value in running text: escaped; one that holds an address as code. None if it is too long for code."""
    line = _line(value)
    if not ADDRESS.search(line):
        return _SPECIAL.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", line)
    return f"`{line.translate(_IN_CODE)}`" if len(line) <= CODE_CHARS else None


def in_code(value: str) -> str:
    """A value within a line of code, where nothing can be escaped: a backtick is an apostrophe there."""
    return _line(value).translate(_IN_CODE)


def in_block(value: str) -> str:
    """Likewise within a block of code."""
    return _line(value).translate(_IN_BLOCK)


def joins(seen: str, after: str) -> bool:
    """Whether two texts would become something together that neither is. One of them comes from `in_text`.

    Args:
        seen: the last characters of the first, `SEEN` of them if there are as many.
        after: the second, or its first character.
    """
    if not seen or not after:
        return False
    last, first = seen[-1], after[0]
    return (
        last == "<"
        or last == first == "`"
        or (last == "\\" and bool(_MARK.match(first)))
        or (last == "]" and first in "(:")
        or ((first.isalnum() or first == "#") and bool(_ENTITY_BEGUN.search(seen)))
        or any((seen[-size:] + first).lower() in _ADDRESS_BEGUN for size in range(1, 8))
    )


def _line(value: str) -> str:
    return " ".join(DELETED.sub("", value).split())
