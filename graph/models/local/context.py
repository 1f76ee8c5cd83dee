"""The context of a loaded model: what has been computed of each sequence, and how more of it is."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.models.local.batch import Batch
from graph.models.local.library import library
from graph.models.local.threads import Threads

NO_ROOM = 1
"""`llama_decode` found no free cells; nothing has changed."""


class Context:
    """One llama.cpp context with many sequences in one pool of cells. One thread at a time may use it.

    Attributes:
        cells: tokens that all sequences may hold together; what sequences share counts once.
        sequences: number of sequences; their names are 0 to `sequences - 1`.
        partial: whether part of a sequence can be shared or dropped. Recurrent models know whole sequences only.
    """

    def __init__(self, pointer: Any, *, vocabulary_size: int, threads: Threads, partial: bool) -> None:
        """Args: pointer: `llama_context_p` of the library; it is freed by `close`."""
        self._library = library()
        self._pointer = pointer
        self._memory = self._library.llama_get_memory(pointer)
        self._shape = (vocabulary_size,)
        self._threads = threads
        self.partial = partial
        self.cells: int = self._library.llama_n_ctx(pointer)
        self.sequences: int = self._library.llama_n_seq_max(pointer)

    def decode(self, batch: Batch) -> int:
        """Compute the rows; return llama.cpp's code: 0 done, `NO_ROOM`, or another one for a failure."""
        threads = self._threads.choose(batch.rows)
        self._library.llama_set_n_threads(self._pointer, threads, threads)
        began = time.perf_counter()
        code: int = self._library.llama_decode(self._pointer, batch.struct)
        if code == 0:
            self._threads.note(batch.rows, threads, time.perf_counter() - began)
        return code

    def logits(self, row: int) -> NDArray[np.float32]:
        """A copy of a row's logits; shape `(vocabulary,)`."""
        pointer = self._library.llama_get_logits_ith(self._pointer, row)
        return np.ctypeslib.as_array(pointer, self._shape).copy()

    def share(self, source: int, target: int, start: int, end: int) -> None:
        """Let `target` hold the tokens of `source` at positions `start` to `end - 1`, too. Costs no cells."""
        self._library.llama_memory_seq_cp(self._memory, source, target, start, end)

    def trim(self, sequence: int, length: int = 0) -> None:
        """Drop what a sequence holds from position `length` on."""
        self._library.llama_memory_seq_rm(self._memory, sequence, length or -1, -1)

    def clear(self) -> None:
        """Drop all sequences."""
        self._library.llama_memory_clear(self._memory, False)

    def length(self, sequence: int) -> int:
        """Tokens that a sequence holds."""
        return int(self._library.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def close(self) -> None:
        """Free the memory, on a GPU too."""
        self._library.llama_free(self._pointer)
