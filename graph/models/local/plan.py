"""Which tokens of which texts the next step computes."""

from collections.abc import Sequence
from dataclasses import dataclass

from graph.models.local.prefixes import shared_length
from graph.models.local.slot import Slot

WORTH_WAITING = 32
"""A prompt waits for an older one that is being read, if that is about to compute this many tokens that both share."""


@dataclass(frozen=True, slots=True)
class Part:
    """The next `count` tokens of a text."""

    slot: Slot
    count: int

    @property
    def whole(self) -> bool:
        """Whether all tokens of the text are computed then, so that the next one can be chosen."""
        return self.count == self.slot.left


def plan(slots: Sequence[Slot], budget: int) -> list[Part]:
    """Plan a step: one token of each text that is being written, and `budget` tokens of prompts.

    The budget is halved while texts are written, so that their pauses are short. The oldest prompt has half of it; the
    rest goes to the prompts with the least left: short questions overtake long ones, and none waits for ever.

    Args:
        slots: those that run, the oldest first.
    """
    parts = [Part(slot, 1) for slot in slots if not slot.reading]
    readers = [slot for at, slot in enumerate(slots) if slot.reading and not _waits(slot, slots[:at])]
    if not readers:
        return parts
    left = budget // 2 if any(part.slot.made for part in parts) else budget
    oldest, others = readers[0], sorted(readers[1:], key=lambda slot: slot.left)
    share = min(oldest.left, max(left // 2, left - sum(slot.left for slot in others)))
    parts.append(Part(oldest, share))
    left -= share
    for slot in others:
        if left:
            parts.append(Part(slot, min(slot.left, left)))
            left -= parts[-1].count
    return parts


def _waits(slot: Slot, older: Sequence[Slot]) -> bool:
    """Whether an older prompt is about to compute what this one needs."""
    for other in older:
        if other.reading:
            shared = shared_length(slot.known[:-1], other.known)
            if shared > other.computed and shared - slot.computed >= WORTH_WAITING:
                return True
    return False
