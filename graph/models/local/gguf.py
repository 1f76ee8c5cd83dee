"""What a GGUF file says of itself, read by llama.cpp's own reader without loading its weights."""

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graph.errors import ConfigError
from graph.models.local.library import library

MAGIC = b"GGUF"
_STRING, _COUNT = 8, 4
"""Types of values: text, and a whole number of 32 bits."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the weights.

    Attributes:
        context_tokens: the longest context that it was trained for; None if it does not say.
        chat: whether it brings a chat template.
        tensors: how many blocks of weights there are.
    """

    architecture: str
    context_tokens: int | None
    chat: bool
    tensors: int


class _Parameters(ctypes.Structure):
    _fields_ = (("no_alloc", ctypes.c_bool), ("ctx", ctypes.c_void_p))


def read_header(path: Path) -> Header:
    """Read a file's header, and see that its weights are all there.

    Raises:
        ConfigError: it cannot be read, is no GGUF file, or is cut short.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as error:
        raise ConfigError(f"The model file {path} cannot be read: {error.strerror}.") from error
    if magic != MAGIC:
        raise ConfigError(f"The model file {path} is not a GGUF file; name one that is, or none for the default.")
    reader = _reader()
    held = reader.gguf_init_from_file(os.fsencode(path), _Parameters(True, None))
    if not held:
        raise ConfigError(f"The model file {path} has no whole header; fetch it again.")
    try:
        tensors = reader.gguf_get_n_tensors(held)
        ends = (
            reader.gguf_get_tensor_offset(held, number) + reader.gguf_get_tensor_size(held, number)
            for number in range(tensors)
        )
        needed = reader.gguf_get_data_offset(held) + max(ends, default=0)
        if size < needed:
            raise ConfigError(
                f"The model file {path} is cut short: it has {size:,} of {needed:,} bytes; fetch it again."
            )
        architecture = _text(reader, held, "general.architecture") or "unknown"
        return Header(
            architecture=architecture,
            context_tokens=_count(reader, held, f"{architecture}.context_length"),
            chat=_text(reader, held, "tokenizer.chat_template") is not None,
            tensors=tensors,
        )
    finally:
        reader.gguf_free(held)


def _text(reader: Any, held: Any, key: str) -> str | None:
    at = reader.gguf_find_key(held, key.encode())
    if at < 0 or reader.gguf_get_kv_type(held, at) != _STRING:
        return None
    text: str = reader.gguf_get_val_str(held, at).decode("utf-8", "replace")
    return text


def _count(reader: Any, held: Any, key: str) -> int | None:
    at = reader.gguf_find_key(held, key.encode())
    if at < 0 or reader.gguf_get_kv_type(held, at) != _COUNT:
        return None
    return int(reader.gguf_get_val_u32(held, at))


@cache
def _reader() -> Any:
    """llama.cpp's library with the functions of its reader, which the package does not declare."""
    held, key = ctypes.c_void_p, ctypes.c_int64
    library()
    from llama_cpp.llama_cpp import _lib

    for name, returns, takes in (
        ("gguf_init_from_file", held, (ctypes.c_char_p, _Parameters)),
        ("gguf_free", None, (held,)),
        ("gguf_get_n_tensors", key, (held,)),
        ("gguf_get_data_offset", ctypes.c_size_t, (held,)),
        ("gguf_get_tensor_offset", ctypes.c_size_t, (held, key)),
        ("gguf_get_tensor_size", ctypes.c_size_t, (held, key)),
        ("gguf_find_key", key, (held, ctypes.c_char_p)),
        ("gguf_get_kv_type", ctypes.c_int, (held, key)),
        ("gguf_get_val_str", ctypes.c_char_p, (held, key)),
        ("gguf_get_val_u32", ctypes.c_uint32, (held, key)),
    ):
        function = getattr(_lib, name)
        function.restype, function.argtypes = returns, takes
    return _lib
