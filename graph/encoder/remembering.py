"""An encoder that remembers: the sentences of popular passages are asked for again and again."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from graph.context import EncodedTokens, FloatArray, TokenEncoder

MOST_TOKENS = 100
"""The tokens of a longer text are not kept: a question has fewer."""
SIZE_TOKENS = 64
"""So many texts' tokens are kept, up to 10 MB: a message is read for personal data, then compared with what was asked
before, and that is asked again and again."""


class RememberingEncoder:
    """Wraps an encoder and keeps the last vectors, `size` of them (1.5 kB each at 384 dimensions). Safe in threads."""

    def __init__(self, encoder: TokenEncoder, *, size: int = 8192) -> None:
        self.name = encoder.name
        self.dimensions = encoder.dimensions
        self.max_tokens = encoder.max_tokens
        self._encoder = encoder
        self._size = size
        self._vectors: OrderedDict[str, FloatArray] = OrderedDict()
        self._tokens: OrderedDict[str, EncodedTokens] = OrderedDict()
        self._lock = threading.Lock()

    def count_tokens(self, text: str) -> int:
        """Tokens of a text of any length, as the encoder counts them."""
        return self._encoder.count_tokens(text)

    def encode_tokens(self, text: str) -> EncodedTokens:
        """Encode a text token by token, and remember its vector: a message is looked through before it is searched."""
        with self._lock:
            known = self._tokens.get(text)
            if known is not None:
                self._tokens.move_to_end(text)
                return known
        tokens = self._encoder.encode_tokens(text)
        self._remember({text: tokens.sentence})
        if len(tokens.ids) <= MOST_TOKENS:
            with self._lock:
                self._tokens[text] = tokens
                while len(self._tokens) > SIZE_TOKENS:
                    self._tokens.popitem(last=False)
        return tokens

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape `(len(texts), dimensions)`, computing only those that are new."""
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
            for text in known:
                self._vectors.move_to_end(text)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            computed = dict(zip(new, self._encoder.encode(new), strict=True))
            self._remember(computed)
            known |= computed
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.stack([known[text] for text in texts])

    def _remember(self, vectors: dict[str, FloatArray]) -> None:
        with self._lock:
            # Copies: a row of a batch's array would keep the whole array in memory.
            self._vectors |= {text: vector.copy() for text, vector in vectors.items()}
            while len(self._vectors) > self._size:
                self._vectors.popitem(last=False)
