"""The module `llama_cpp`, imported late and kept quiet."""

import ctypes
import os
from collections import deque
from functools import cache
from typing import Any

KEPT_LINES = 400
SPINS = "1000"
DEBUG = 1
"""The lowest level of ggml's log; those above are information, warning, error, and the rest of a line."""


@cache
def library() -> Any:
    """The module `llama_cpp`, imported here and not above: what is set before the import holds for the process.

    A waiting thread of OpenMP spins for some microseconds, which saves it most of its sleeps, and then sleeps: one that
    only spins takes the processor from the rest of the program, and from the thread that it waits for.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    import llama_cpp

    llama_cpp.llama_log_set(_log_callback(), ctypes.c_void_p(0))
    return llama_cpp


@cache
def log_lines() -> deque[str]:
    """The last pieces of llama.cpp's log. They may be parts of lines."""
    return deque(maxlen=KEPT_LINES)


@cache
def _log_callback() -> Any:
    """Keep what llama.cpp would print on standard error. Cached, because the library holds no reference to it."""
    import llama_cpp

    lines = log_lines()

    def keep(level: int, text: bytes, _data: Any) -> None:
        if level != DEBUG:
            lines.append(text.decode("utf-8", "replace"))

    return llama_cpp.llama_log_callback(keep)
