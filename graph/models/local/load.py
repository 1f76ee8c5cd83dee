"""Loading a GGUF file into llama.cpp, quietly, with an error that names the file."""

import ctypes
import os
import re
from collections import deque
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.errors import ConfigError

if TYPE_CHECKING:
    from llama_cpp import Llama

MAGIC = b"GGUF"
KEPT_LINES = 400
PROMPT_STEP = 64
"""Tokens of a prompt that a processor reads at once: between steps an answer can be given up. Longer steps are no
faster there; on a GPU they are."""
GPU_PROMPT_STEP = 512
DEBUG = 1
"""The lowest level of ggml's log; those above are information, warning, error, and the rest of a line."""
OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory. `offloaded` of its `layers` are on a GPU; both 0 where the build knows no GPU."""

    llama: "Llama"
    offloaded: int
    layers: int


def default_threads() -> int:
    """Threads that decode when the settings name none: half of the cores, at least one."""
    return max(1, len(os.sched_getaffinity(0)) // 2) if hasattr(os, "sched_getaffinity") else 1


def load(path: Path, *, context_tokens: int, threads: int | None = None, gpu_layers: int = -1) -> Loaded:
    """Load a model. Blocks for seconds. From then on, only one thread at a time may use it.

    Args:
        context_tokens: length of the context window.
        threads: threads that decode; `default_threads()` by default. Prompts are read with twice as many.
        gpu_layers: layers to put on the GPU; -1 for all. Ignored where the build knows no GPU.

    Raises:
        ConfigError: the file is missing, is no GGUF file or is cut short, the memory does not suffice, or the context
            is longer than what the model was trained for.
    """
    _check_magic(path)
    llama_cpp = library()
    lines = _log_lines()
    lines.clear()
    threads = threads or default_threads()
    step = GPU_PROMPT_STEP if gpu_layers and llama_cpp.llama_supports_gpu_offload() else PROMPT_STEP
    try:
        llama = llama_cpp.Llama(
            model_path=str(path),
            n_ctx=context_tokens,
            n_threads=threads,
            n_threads_batch=min(2 * threads, os.cpu_count() or 1),
            n_batch=step,
            n_ubatch=step,
            n_gpu_layers=gpu_layers,
            verbose=False,
        )
    except Exception as error:  # ValueError, RuntimeError or AssertionError, by what is wrong
        raise ConfigError(f"The model file {path} cannot be loaded{_reason(lines)}; put a whole one there.") from error
    trained = llama.metadata.get(f"{llama.metadata.get('general.architecture')}.context_length", "")
    if trained.isdigit() and context_tokens > int(trained):
        llama.close()
        raise ConfigError(
            f"The model {path.name} has a context of {trained} tokens; lower local.context_tokens to that."
        )
    found = OFFLOADED.search("".join(lines))
    return Loaded(llama, *(int(found[1]), int(found[2])) if found else (0, 0))


def _check_magic(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as error:
        raise ConfigError(f"The model file {path} cannot be read: {error.strerror}.") from error
    if magic != MAGIC:
        raise ConfigError(f"The model file {path} is not a GGUF file; name one that is, or none for the default.")


def _reason(lines: deque[str]) -> str:
    """What llama.cpp said last about a failure, without its function names; empty if it said nothing."""
    for line in reversed("".join(lines).splitlines()):
        said = line.rpartition(": ")[2].strip().rstrip(".")
        if "failed to load model" not in line and ("error" in line or "failed" in line):
            return f" ({said})"
    return ""


@cache
def library() -> Any:
    """The module `llama_cpp`, imported here and not above: what is set before the import holds for the process.

    Waiting threads of OpenMP must sleep, not spin: spinning ones take the processor from the rest of the program, and
    slow one another to a tenth as soon as the machine is busy.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import llama_cpp

    llama_cpp.llama_log_set(_log_callback(), ctypes.c_void_p(0))
    return llama_cpp


@cache
def _log_lines() -> deque[str]:
    return deque(maxlen=KEPT_LINES)


@cache
def _log_callback() -> Any:
    """Keep what llama.cpp would print on standard error. Cached, because the library holds no reference to it."""
    import llama_cpp

    lines = _log_lines()

    def keep(level: int, text: bytes, _data: Any) -> None:
        if level != DEBUG:
            lines.append(text.decode("utf-8", "replace"))

    return llama_cpp.llama_log_callback(keep)
