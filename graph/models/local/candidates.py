"""Candidate tokens in the memory layout that llama.cpp's samplers work on."""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.models.local.library import library

ROW = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""`llama_token_data`."""


class Candidates:
    """Tokens with their logits; a sampler may sort, shorten and choose among them."""

    def __init__(self, ids: NDArray[np.int32], logits: NDArray[np.float32]) -> None:
        """Args: ids, logits: of the same shape `(count,)`."""
        self._rows = np.zeros(len(ids), ROW)
        self._rows["id"] = ids
        self._rows["logit"] = logits
        types = dict(library().llama_token_data_array._fields_)
        self._struct: Any = library().llama_token_data_array(
            data=ctypes.cast(self._rows.ctypes.data, types["data"]), size=len(ids), selected=-1, sorted=False
        )

    def apply(self, sampler: Any) -> None:
        """Let a sampler work on them."""
        library().llama_sampler_apply(sampler, ctypes.byref(self._struct))

    @property
    def ids(self) -> NDArray[np.int32]:
        """Those that are left, in their present order; shape `(left,)`."""
        rows: NDArray[np.int32] = self._rows["id"][: self._struct.size]
        return rows

    @property
    def logits(self) -> NDArray[np.float32]:
        """Their logits, minus infinity for one that is ruled out; shape `(left,)`."""
        rows: NDArray[np.float32] = self._rows["logit"][: self._struct.size]
        return rows

    @property
    def chosen(self) -> int:
        """The token that a sampler chose."""
        return int(self._rows["id"][self._struct.selected])
