"""The vocabulary of a loaded model: text to tokens and back."""

import ctypes
from functools import cached_property
from threading import Lock
from typing import Any

from graph.errors import ServerFault
from graph.models.local.library import library

CONTROL_ATTRIBUTES = 1 << 3 | 1 << 4
"""`LLAMA_TOKEN_ATTR_CONTROL` and `LLAMA_TOKEN_ATTR_USER_DEFINED`."""
PIECE_BYTES = 64
"""Room for most pieces; a longer one is asked for again."""
CLOSED = "The local model is closed."


class Vocabulary:
    """Reads what never changes, so any thread may use it beside the one that decodes.

    After `close` its methods raise ServerFault: to read freed memory would end the process.
    """

    def __init__(self, model: Any) -> None:
        """Args: model: `llama_model_p` of the library."""
        self._library = library()
        self._lock = Lock()
        self._model: Any | None = model
        self.pointer = self._library.llama_model_get_vocab(model)
        self.size: int = self._library.llama_vocab_n_tokens(self.pointer)
        self.ends = frozenset(t for t in range(self.size) if self._library.llama_vocab_is_eog(self.pointer, t))
        """Tokens that end an answer: several models have more than one."""
        self._pieces: dict[int, bytes] = {}

    def close(self) -> None:
        """Refuse from now on; returns when no other thread is inside."""
        with self._lock:
            self._model = None

    def tokens(self, text: str, *, begin: bool) -> list[int]:
        """Tokenise, control tokens included; `begin` puts the model's first token in front, if it has one."""
        data = text.encode()
        most = len(data) + 2
        room = (self._library.llama_token * most)()
        with self._lock:
            self._check_open()
            count = self._library.llama_tokenize(self.pointer, data, len(data), room, most, begin, True)
        return list(room[:count])

    def piece(self, token: int) -> bytes:
        """The bytes of a token as text; none for a control token. Characters may be cut."""
        found = self._pieces.get(token)
        if found is None:
            found = self._pieces[token] = self._read(token, special=False)
        return found

    def spelled(self, token: int) -> str:
        """The text of a token, also of a control token; empty for the number of none."""
        return self._read(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    @cached_property
    def begin(self) -> str:
        """What the model's texts begin with."""
        return self.spelled(self._library.llama_vocab_bos(self.pointer))

    @cached_property
    def end(self) -> str:
        """What the model's texts end with."""
        return self.spelled(self._library.llama_vocab_eos(self.pointer))

    def special(self) -> set[str]:
        """The spellings of all control tokens."""
        attributes = self._library.llama_vocab_get_attr
        found = (self.spelled(t) for t in range(self.size) if attributes(self.pointer, t) & CONTROL_ATTRIBUTES)
        return {piece for piece in found if len(piece) > 1}

    def metadata(self, key: str) -> str | None:
        """A text or a number of the model file's header; None if it is not there."""
        with self._lock:
            self._check_open()
            read = self._library.llama_model_meta_val_str
            size = read(self._model, key.encode(), None, 0)
            if size < 0:
                return None
            room = ctypes.create_string_buffer(size + 1)
            read(self._model, key.encode(), room, size + 1)
        return room.value.decode("utf-8", "replace")

    def _read(self, token: int, *, special: bool) -> bytes:
        room = ctypes.create_string_buffer(PIECE_BYTES)
        with self._lock:
            self._check_open()
            size = self._library.llama_token_to_piece(self.pointer, token, room, PIECE_BYTES, 0, special)
            if size < 0:
                room = ctypes.create_string_buffer(-size)
                size = self._library.llama_token_to_piece(self.pointer, token, room, -size, 0, special)
        return room.raw[:size]

    def _check_open(self) -> None:
        if self._model is None:
            raise ServerFault(CLOSED)
