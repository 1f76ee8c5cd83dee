"""Vectors that a suite has asked for before, kept in a file: encoding is nearly all of the time that it takes."""

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import platformdirs

from graph.context import Encoder, FloatArray

PROBE = "One sentence whose vector tells encoders, their files and the machine's arithmetic apart."


class KeptVectors:
    """Wraps an encoder and keeps each text's vector on disk, as it first came out.

    An int8 model gives a text slightly other numbers in other company, so that only a kept vector is always the same.
    Use it from one thread at a time.
    """

    def __init__(self, encoder: Encoder, folder: Path | None = None) -> None:
        """Open the file of this encoder in `folder`, by default the user's cache."""
        self.name, self.dimensions, self.max_tokens = encoder.name, encoder.dimensions, encoder.max_tokens
        self._encoder = encoder
        folder = folder or Path(platformdirs.user_cache_dir("parley")) / "vectors"
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(encoder.encode([PROBE]).tobytes()).hexdigest()[:16]
        self._file = sqlite3.connect(folder / f"{encoder.name}-{digest}.sqlite", check_same_thread=False, timeout=60)
        self._file.execute("CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    def count_tokens(self, text: str) -> int:
        """Tokens of a text of any length."""
        return self._encoder.count_tokens(text)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape `(len(texts), dimensions)`, computing only those that are new."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        keys = [hashlib.sha256(text.encode(errors="surrogatepass")).digest() for text in texts]
        known = {key: vector for key in keys if (vector := self._kept(key)) is not None}
        new = dict(zip(keys, texts, strict=True))
        new = {key: text for key, text in new.items() if key not in known}
        if new:
            known |= zip(new, self._encoder.encode(list(new.values())), strict=True)
            with self._file:
                self._file.executemany(
                    "INSERT OR IGNORE INTO vectors VALUES (?, ?)", [(key, known[key].tobytes()) for key in new]
                )
        return np.stack([known[key] for key in keys])

    def _kept(self, key: bytes) -> FloatArray | None:
        row = self._file.execute("SELECT vector FROM vectors WHERE text = ?", (key,)).fetchone()
        return None if row is None else np.frombuffer(row[0], dtype=np.float32)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
