"""What idle sequences hold, so that a prompt which begins alike need not be read again."""

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]
"""Tokens of a sequence; shape `(length,)`."""


def shared_length(one: Tokens, other: Tokens) -> int:
    """Number of tokens that two sequences have in common at their beginnings."""
    length = min(len(one), len(other))
    differ = one[:length] != other[:length]
    first = int(differ.argmax()) if length else 0
    return first if length and differ[first] else length


class Prefixes:
    """Idle sequences and their tokens, the least recently used first. Keeps the books only; the cells are a context's.

    What begins another one that is kept is not kept itself: the longer one serves in its place.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[int, Tokens] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, sequence: int, tokens: Tokens) -> list[int]:
        """Keep an idle sequence. Return the sequences that need not be kept, of which it may be one."""
        for other, known in self._kept.items():
            if shared_length(tokens, known) == len(tokens):
                self._kept.move_to_end(other)
                return [sequence]
        dropped = [other for other, known in self._kept.items() if shared_length(tokens, known) == len(known)]
        for other in dropped:
            del self._kept[other]
        self._kept[sequence] = tokens
        if len(self._kept) > self._most:
            dropped.append(self._kept.popitem(last=False)[0])
        return dropped

    def best(self, tokens: Tokens) -> tuple[int, int]:
        """The sequence that begins most like these tokens, and how many it shares; 0 shared if there is none."""
        found, most = -1, 0
        for sequence, known in self._kept.items():
            shared = shared_length(tokens, known)
            if shared > most:
                found, most = sequence, shared
        return found, most

    def used(self, sequence: int) -> None:
        """Note that a kept sequence served."""
        self._kept.move_to_end(sequence)

    def drop_oldest(self) -> int | None:
        """Give up the sequence that has not served for longest; None if none is kept."""
        return self._kept.popitem(last=False)[0] if self._kept else None

    def clear(self) -> None:
        """Give up all."""
        self._kept.clear()
