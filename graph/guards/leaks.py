"""Notices, while an answer streams, when a model repeats what only its instructions say.

Two signs: the canary, a random word in each turn's instructions, also where it is spaced out, turned around or encoded;
and a long run of the instructions' own letters. A translation or a retelling of them shows neither.
"""

import base64
import codecs
import re
from collections.abc import Iterable
from functools import cache

RUN = 60
"""So many letters and digits in the instructions' own order are a leak."""
_KEPT = re.compile(r"[^\W_]+")


class Leaks:
    """Reads one answer, piece by piece."""

    def __init__(self, canary: str, instructions: tuple[str, ...]) -> None:
        """`instructions`: texts of which no long run may be shown. An empty `canary` is not looked for."""
        self._forms = _forms(canary) if canary else frozenset()
        self._runs = _runs(instructions)
        self._keep = max([RUN, *map(len, self._forms)]) - 1
        self._tail = ""

    def leaks(self, piece: str) -> bool:
        """Take a piece; whether it completes a leak."""
        new = _letters(piece)
        read, self._tail = self._tail + new, (self._tail + new)[-self._keep :]
        if any(form in read for form in self._forms):
            return True
        ends = range(max(RUN, len(read) - len(new) + 1), len(read) + 1)
        return any(read[end - RUN : end] in self._runs for end in ends)


@cache
def _runs(instructions: tuple[str, ...]) -> frozenset[str]:
    texts = [_letters(text) for text in instructions]
    return frozenset(text[start : start + RUN] for text in texts for start in range(len(text) - RUN + 1))


def _forms(canary: str) -> frozenset[str]:
    """The canary as it may be written, without what is left out of a text before it is compared."""
    written = (canary, canary[::-1], codecs.encode(canary, "rot13"), canary.encode().hex())
    return frozenset(_letters(form) for form in (*written, *_base64(canary)))


def _base64(text: str) -> Iterable[str]:
    """What stays the same of a text's Base64 wherever it stands: for three places the digits of its own bits."""
    for before in range(3):
        digits = base64.b64encode(b"\x00" * before + text.encode()).decode().rstrip("=")
        bits = 8 * (before + len(text))
        yield digits[-(-8 * before // 6) : bits // 6]


def _letters(text: str) -> str:
    return "".join(_KEPT.findall(text)).lower()
