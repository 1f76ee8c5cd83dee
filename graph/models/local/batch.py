"""The rows of one decoding step, in the memory layout of llama.cpp's `llama_batch`."""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from graph.models.local.library import library


class Batch:
    """Up to `most` rows: a token, its position, the sequence it belongs to, and whether its logits are wanted."""

    def __init__(self, most: int) -> None:
        self._token = np.zeros(most, np.int32)
        self._position = np.zeros(most, np.int32)
        self._sequence = np.zeros(most, np.int32)
        self._wanted = np.zeros(most, np.int8)
        self._sequences = np.ones(most, np.int32)  # each row belongs to one sequence
        self._addresses = (self._sequence.ctypes.data + self._sequence.itemsize * np.arange(most)).astype(np.uintp)
        self.rows = 0
        self.struct: Any = library().llama_batch()
        types = dict(self.struct._fields_)
        addresses = {
            "token": self._token.ctypes.data,
            "pos": self._position.ctypes.data,
            "n_seq_id": self._sequences.ctypes.data,
            "seq_id": self._addresses.ctypes.data,
            "logits": self._wanted.ctypes.data,
        }
        for name, address in addresses.items():
            setattr(self.struct, name, ctypes.cast(address, types[name]))

    def clear(self) -> None:
        """Remove all rows."""
        self.rows = self.struct.n_tokens = 0

    def add(self, tokens: Sequence[int], *, at: int, sequence: int, want_last: bool) -> int:
        """Append consecutive tokens of a sequence from position `at` on; return the last one's row."""
        end = self.rows + len(tokens)
        rows = slice(self.rows, end)
        self._token[rows] = tokens
        self._position[rows] = np.arange(at, at + len(tokens))
        self._sequence[rows] = sequence
        self._wanted[rows] = 0
        self._wanted[end - 1] = want_last
        self.rows = self.struct.n_tokens = end
        return end - 1
