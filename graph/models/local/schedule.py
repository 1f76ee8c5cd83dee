"""The texts that run side by side in one context, and the line that waits; one step at a time."""

import logging
from collections import deque
from collections.abc import Sequence

from graph.errors import ModelFault, ServerFault
from graph.models.local.batch import Batch
from graph.models.local.context import NO_ROOM
from graph.models.local.load import Loaded
from graph.models.local.plan import Part, plan
from graph.models.local.prefixes import Prefixes, shared_length
from graph.models.local.request import Finished, Request
from graph.models.local.slot import Slot, tokens_to_make

log = logging.getLogger(__name__)


class Scheduler:
    """Runs texts together. All its methods belong to one thread.

    A text that ends leaves its tokens in the context for prompts that begin alike, until their cells are needed.

    Attributes:
        steps: number of steps that computed something.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._context = loaded.context
        self._vocabulary = loaded.vocabulary
        self._window = loaded.window
        self._most = loaded.slots
        self._budget = loaded.prompt_step
        self._batch = Batch(loaded.prompt_step + loaded.slots)
        self._free = set(range(loaded.context.sequences))
        self._prefixes = Prefixes(loaded.context.sequences - loaded.slots)
        self._slots: list[Slot] = []
        self._waiting: deque[Request] = deque()
        self.steps = 0

    @property
    def open(self) -> int:
        """Requests that run or wait."""
        return len(self._slots) + len(self._waiting)

    @property
    def running(self) -> int:
        """Requests that run."""
        return len(self._slots)

    @property
    def kept(self) -> int:
        """Texts that have ended and whose tokens the context still holds."""
        return len(self._prefixes)

    def add(self, request: Request) -> None:
        """Put a request at the end of the line."""
        self._waiting.append(request)

    def step(self) -> None:
        """Let go of what is not wanted any more, let in what waits, and bring every text that runs on by a part."""
        for slot in [slot for slot in self._slots if slot.request.unwanted.is_set()]:
            self._release(slot)
        self._waiting = deque(request for request in self._waiting if not request.unwanted.is_set())
        self._admit()
        for slot in self._slots:
            if slot.reading:
                self._reuse(slot)
        parts = plan(self._slots, self._budget)
        if parts:
            self.steps += 1
            self._compute(parts)

    def fail(self, fault: ModelFault) -> None:
        """End all that runs or waits with a fault, and forget what the context holds."""
        slots, waiting = self._slots, list(self._waiting)
        self._slots = []
        self._waiting.clear()
        for slot in slots:
            slot.close()
        for request in [*(slot.request for slot in slots), *waiting]:
            request.deliver(fault)
        self.forget()
        self._free = set(range(self._context.sequences))
        self._context.clear()

    def forget(self) -> None:
        """Give up all that is kept of texts that have ended."""
        while (sequence := self._prefixes.drop_oldest()) is not None:
            self._empty(sequence)

    def _admit(self) -> None:
        """Let requests in, in their order, while there is a slot and cells suffice for all that runs to end."""
        while self._waiting and len(self._slots) < self._most:
            request = self._waiting[0]
            taken = sum(_needed(slot.request, self._window) for slot in self._slots)
            if self._slots and taken + _needed(request, self._window) > self._context.cells:
                return
            self._waiting.popleft()
            sequence = self._free.pop()
            try:
                self._slots.append(Slot(request, sequence, self._vocabulary, window=self._window))
            except ModelFault as fault:
                self._free.add(sequence)
                request.deliver(fault)

    def _reuse(self, slot: Slot) -> None:
        """Take over what other sequences hold of a prompt, but for its last token: that one's logits are needed."""
        if not self._context.partial:
            return
        wanted = slot.known[:-1]
        source, most = self._prefixes.best(wanted)
        if most > slot.computed:
            self._prefixes.used(source)
        for other in self._slots:
            if other is not slot and (shared := shared_length(wanted, other.held)) > most:
                source, most = other.sequence, shared
        if most > slot.computed:
            self._context.share(source, slot.sequence, slot.computed, most)
            slot.reuse_up_to(most)

    def _compute(self, parts: Sequence[Part]) -> None:
        code, rows = self._decode(parts)
        while code == NO_ROOM and (sequence := self._prefixes.drop_oldest()) is not None:
            self._empty(sequence)
            code, rows = self._decode(parts)
        if code == 0:
            self._advance(parts, rows)
            return
        log.warning("a step of %d texts was not computed: code %d", len(parts), code)
        for part in parts:
            self._context.trim(part.slot.sequence, part.slot.computed)
        for part in parts:  # one after the other, so that only those fail that cannot be computed
            code, rows = self._decode([part])
            if code == 0:
                self._advance([part], rows)
            else:
                self._give_up(part.slot, code)

    def _decode(self, parts: Sequence[Part]) -> tuple[int, list[int]]:
        """Compute parts; return llama.cpp's code and the last row of each."""
        self._batch.clear()
        rows = [
            self._batch.add(
                part.slot.next_tokens(part.count),
                at=part.slot.computed,
                sequence=part.slot.sequence,
                want_last=part.whole,
            )
            for part in parts
        ]
        return self._context.decode(self._batch), rows

    def _advance(self, parts: Sequence[Part], rows: Sequence[int]) -> None:
        for part, row in zip(parts, rows, strict=True):
            whole = part.whole
            part.slot.computed += part.count
            if whole and (finished := part.slot.take(self._context.logits(row))):
                self._release(part.slot, finished)

    def _give_up(self, slot: Slot, code: int) -> None:
        """End a text that cannot be computed further. Its cells are freed: others may need them."""
        if code == NO_ROOM and slot.made:
            self._release(slot, slot.end("length"))
        else:
            self._release(slot, ServerFault(f"The local model could not compute an answer (code {code})."))
        self.forget()

    def _release(self, slot: Slot, last: Finished | ModelFault | None = None) -> None:
        """Free a slot, then deliver its end, so that who hears of it finds the slot free."""
        self._slots.remove(slot)
        slot.close()
        if self._context.partial and slot.computed:
            for sequence in self._prefixes.keep(slot.sequence, slot.held.copy()):
                self._empty(sequence)
        else:
            self._empty(slot.sequence)
        if last is not None:
            slot.request.deliver(last)

    def _empty(self, sequence: int) -> None:
        self._context.trim(sequence)
        self._free.add(sequence)


def _needed(request: Request, window: int) -> int:
    """Cells that a request may come to need."""
    return len(request.prompt) + tokens_to_make(request, window)
