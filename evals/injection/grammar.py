"""Draws sentences from patterns.

In a pattern `(a|b)` is a choice, `[ab]` one of the letters, `x?` an option and `{name}` a slot; a backslash takes the
next letter as it is.
"""

import random
from collections.abc import Mapping, Sequence


class Grammar:
    """Draws from patterns, whose slots are filled by patterns."""

    def __init__(self, slots: Mapping[str, Sequence[str]], seed: int) -> None:
        """Draws depend on `seed` alone."""
        self._slots = slots
        self._random = random.Random(seed)

    def draw(self, pattern: str) -> str:
        """One sentence of a pattern.

        Raises:
            ValueError: brackets do not match, or no slot has that name.
        """
        text, end = self._choice(pattern, 0)
        if end != len(pattern):
            raise ValueError(f"The pattern closes a bracket that it did not open: {pattern}")
        return " ".join(text.split())

    def several(self, pattern: str, count: int) -> list[str]:
        """At most so many different sentences of a pattern."""
        return list(dict.fromkeys(self.draw(pattern) for _ in range(count)))

    def _choice(self, pattern: str, place: int) -> tuple[str, int]:
        """Read alternatives up to a closing bracket or the end; return one of them and where they end."""
        alternatives = [""]
        while place < len(pattern) and pattern[place] != ")":
            if pattern[place] == "|":
                alternatives.append("")
                place += 1
                continue
            piece, place = self._piece(pattern, place)
            if pattern[place : place + 1] == "?":
                place += 1
                piece = self._random.choice(["", piece])
            alternatives[-1] += piece
        return self._random.choice(alternatives), place

    def _piece(self, pattern: str, place: int) -> tuple[str, int]:
        mark = pattern[place]
        if mark == "(":
            text, end = self._choice(pattern, place + 1)
            if end == len(pattern):
                raise ValueError(f"The pattern leaves a bracket open: {pattern}")
            return text, end + 1
        if mark == "[":
            end = pattern.index("]", place)
            return self._random.choice(pattern[place + 1 : end]), end + 1
        if mark == "{":
            end = pattern.index("}", place)
            name = pattern[place + 1 : end]
            if name not in self._slots:
                raise ValueError(f"No slot is called {name}: {pattern}")
            return self.draw(self._random.choice(self._slots[name])), end + 1
        if mark == "\\":
            return pattern[place + 1], place + 2
        return mark, place + 1
