"""Loading a GGUF file into llama.cpp, quietly, with an error that names the file."""

import ctypes
import logging
import os
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.errors import ConfigError
from graph.models.local.context import Context
from graph.models.local.gguf import read_header
from graph.models.local.gpu import gpu_present
from graph.models.local.library import library, log_lines
from graph.models.local.threads import Threads
from graph.models.local.vocabulary import Vocabulary

PROMPT_STEP = 64
"""Tokens of prompts that a processor reads in one step: between steps an answer can be given up, and others go on.
Longer steps are no faster there; on a GPU they are."""
GPU_PROMPT_STEP = 512
SPARE_SEQUENCES = 16
"""Sequences beside the running ones, which keep what was computed for when it is wanted again."""
FLASH_ATTENTION = 1
"""With it, cells of other sequences cost next to nothing; without it, a step is twice as slow once they are many."""
VALUES_TYPE = 30
"""`GGML_TYPE_BF16`, for the values of the attention on a processor. Of 16-bit ones, llama.cpp sums these in 32 bits and
in the order of the cells, so that what runs beside a text does not change it, but by the cells that it leaves free; its
default, F16, is summed in 16 bits and in an order that varies. As fast, and as large."""
OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory. `offloaded` of its `layers` are on a GPU; both 0 where the build knows no GPU.

    Attributes:
        window: tokens that one sequence may have, prompt and answer together.
        slots: sequences that may run at once; the context has spare ones beside them.
        prompt_step: tokens of prompts that are read in one step.
    """

    model: Any
    context: Context
    vocabulary: Vocabulary
    window: int
    slots: int
    prompt_step: int
    offloaded: int
    layers: int

    def close(self) -> None:
        """Free the memory."""
        self.vocabulary.close()
        self.context.close()
        library().llama_model_free(self.model)  # and its adapters


def default_threads() -> tuple[int, int]:
    """Threads among which steps choose when the settings name none: half of the cores, at least one, and all."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // 2), cores


def load(
    path: Path,
    *,
    context_tokens: int,
    memory_tokens: int | None = None,
    slots: int = 1,
    threads: int | None = None,
    gpu_layers: int = -1,
    adapters: Sequence[Path] = (),
) -> Loaded:
    """Load a model. Blocks for seconds. From then on, only one thread at a time may use its context.

    Args:
        context_tokens: length of the context window of one sequence.
        memory_tokens: tokens that all sequences may hold together; twice `context_tokens` by default.
        slots: sequences that may run at once.
        threads: threads that compute; by default as many of `default_threads()` as prove faster.
        gpu_layers: layers to put on the GPU; -1 for all. Ignored where the build knows no GPU.
        adapters: LoRA adapters in GGUF, all of them applied.

    Raises:
        ConfigError: a file is missing, is no GGUF file or is cut short, an adapter is made for another model, the
            memory does not suffice, or the context is longer than what the model was trained for.
    """
    for each in (path, *adapters):
        read_header(each)
    llama_cpp = library()
    lines = log_lines()
    lines.clear()
    parameters = llama_cpp.llama_model_default_params()
    parameters.n_gpu_layers = gpu_layers
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), parameters)
    if not model:
        raise ConfigError(f"The model file {path} cannot be loaded{_reason(lines)}; put a whole one there.")
    found = OFFLOADED.search("".join(lines))
    try:
        trained = llama_cpp.llama_model_n_ctx_train(model)
        if context_tokens > trained:
            raise ConfigError(
                f"The model {path.name} has a context of {trained} tokens; lower local.context_tokens to that."
            )
        on_gpu = bool(gpu_layers and llama_cpp.llama_supports_gpu_offload())
        step = GPU_PROMPT_STEP if on_gpu else PROMPT_STEP
        cells = max(memory_tokens or 2 * context_tokens, context_tokens)
        pointer = _context(model, cells, slots, step, on_gpu=on_gpu)
        if not pointer:
            raise ConfigError(
                f"The model file {path} cannot be loaded{_reason(lines)}; lower local.memory_tokens or add memory."
            )
        _apply(model, pointer, adapters)
    except ConfigError:
        llama_cpp.llama_model_free(model)
        raise
    vocabulary = Vocabulary(model)
    context = Context(
        pointer,
        vocabulary_size=vocabulary.size,
        threads=Threads([threads] if threads else default_threads()),
        partial=not (llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model)),
    )
    offloaded, layers = (int(found[1]), int(found[2])) if found else (0, 0)
    if on_gpu and gpu_present() and not offloaded:
        log.warning("no layer of the local model is on the GPU; look at the driver, or set local.gpu_layers to 0")
    return Loaded(model, context, vocabulary, context_tokens, slots, step, offloaded, layers)


def _context(model: Any, cells: int, slots: int, prompt_step: int, *, on_gpu: bool) -> Any:
    llama_cpp = library()
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = cells
    parameters.n_batch = parameters.n_ubatch = prompt_step + slots
    parameters.n_seq_max = slots + SPARE_SEQUENCES
    parameters.n_outputs_max = parameters.n_seq_max
    parameters.kv_unified = True  # one pool of cells for all sequences: beginnings can be shared
    parameters.swa_full = True  # keep what slides out of a window: beginnings can be shared there, too
    parameters.flash_attn_type = FLASH_ATTENTION
    if not on_gpu:
        parameters.type_v = VALUES_TYPE
    parameters.no_perf = True
    return llama_cpp.llama_init_from_model(model, parameters)


def _apply(model: Any, context: Any, adapters: Sequence[Path]) -> None:
    """Apply adapters. Frees the context when one cannot be."""
    if not adapters:
        return
    llama_cpp = library()
    loaded = []
    for path in adapters:
        adapter = llama_cpp.llama_adapter_lora_init(model, os.fsencode(path))
        if not adapter:
            llama_cpp.llama_free(context)
            raise ConfigError(f"The adapter {path} does not fit the local model; name one that was made for it.")
        loaded.append(adapter)
    pointers = (llama_cpp.llama_adapter_lora_p_ctypes * len(loaded))(*loaded)
    scales = (ctypes.c_float * len(loaded))(*[1.0] * len(loaded))
    llama_cpp.llama_set_adapters_lora(context, pointers, len(loaded), scales)


def _reason(lines: deque[str]) -> str:
    """What llama.cpp said last about a failure, without its function names; empty if it said nothing."""
    for line in reversed("".join(lines).splitlines()):
        said = line.rpartition(": ")[2].strip().rstrip(".")
        if "failed to load model" not in line and ("error" in line or "failed" in line):
            return f" ({said})"
    return ""
