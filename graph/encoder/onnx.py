"""A sentence encoder over ONNX Runtime: mean of the token vectors, scaled to unit length."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from graph.context import EncodedTokens, FloatArray, IntArray
from graph.errors import ConfigError

MAX_TOKENS = 256
OVERLAP_TOKENS = 64
"""Windows over a long text share so many tokens; each token is read from the window that shows more around it."""
BATCH = 8
"""Small batches of like length: padding costs more than another run. At 32, half as many texts a second."""

SPIN_US = "20"
"""So many microseconds does a thread wait busily for the next step. On two idle cores a pass of 80 tokens then takes 11
ms and not 13, on busy ones as long as before. Without a bound, idle threads would keep the cores busy."""


class OnnxEncoder:
    """Encodes texts with an ONNX model whose inputs are ids, mask and (if it has them) types. Safe in many threads.

    Mean pooling as in Reimers and Gurevych, "Sentence-BERT" (2019). Texts beyond 256 tokens are cut.
    """

    def __init__(self, model: Path, tokenizer: Path, *, threads: int = 2, name: str | None = None) -> None:
        """Load the model. What it encodes is stored under its name: by default that of the file.

        Raises:
            ConfigError: a file is not what it should be.
        """
        self.name = name or model.stem
        self.max_tokens = MAX_TOKENS - 2  # two frame the text
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN_US)
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exception classes are not public
            raise ConfigError(f"The embedding model {model} is not an ONNX model that can be loaded.") from error
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
            self._counter = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # tokenizers raises bare Exception
            raise ConfigError(f"The tokenizer {tokenizer} cannot be loaded.") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._counter.no_padding()
        self._counter.no_truncation()
        framed = self._counter.encode("").ids
        self._frame = framed[:1], framed[1:]
        self._inputs = {node.name for node in self._session.get_inputs()}
        self.dimensions = int(self.encode(["x"]).shape[1])

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors of shape `(len(texts), dimensions)`."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        order = np.argsort([len(encoding.ids) for encoding in encodings], kind="stable")
        batches = (order[start : start + BATCH] for start in range(0, len(order), BATCH))  # of similar length
        vectors = np.concatenate([self._encode_batch([encodings[i] for i in batch]) for batch in batches])
        result = np.empty_like(vectors)
        result[order] = vectors
        return result

    def encode_tokens(self, text: str) -> EncodedTokens:
        """Encode a text of any length token by token, in windows that overlap."""
        encoding = self._counter.encode(text, add_special_tokens=False)
        ids = encoding.ids
        step = self.max_tokens - OVERLAP_TOKENS
        starts = range(0, max(1, len(ids) - OVERLAP_TOKENS), step)
        vectors = np.empty((len(ids), self.dimensions), dtype=np.float32)
        sentence = np.zeros(self.dimensions, dtype=np.float32)
        for start in starts:
            window = [*self._frame[0], *ids[start : start + self.max_tokens], *self._frame[1]]
            tokens, mask = self._run([window])
            if start == 0:
                sentence = _mean(tokens, mask)[0]
            skipped = OVERLAP_TOKENS // 2 if start else 0
            first = len(self._frame[0]) + skipped
            vectors[start + skipped : start + self.max_tokens] = tokens[0, first : len(window) - len(self._frame[1])]
        return EncodedTokens(
            sentence=sentence,
            vectors=vectors,
            ids=np.array(ids, dtype=np.int64),
            words=np.array([-1 if word is None else word for word in encoding.word_ids], dtype=np.int64),
            spans=np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2),
        )

    def count_tokens(self, text: str) -> int:
        """Tokens of a text of any length, without the two that frame it."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def _encode_batch(self, encodings: list[Any]) -> FloatArray:
        return _mean(*self._run([encoding.ids for encoding in encodings]))

    def _run(self, texts: list[list[int]]) -> tuple[FloatArray, IntArray]:
        """Return the last layer, shape `(texts, longest, dimensions)`, and 1 where a text has a token."""
        ids = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        tokens: FloatArray = self._session.run(
            None, {name: value for name, value in feed.items() if name in self._inputs}
        )[0]
        return tokens, mask


def _mean(tokens: FloatArray, mask: IntArray) -> FloatArray:
    """Mean of each text's tokens, scaled to unit length."""
    summed = (tokens * mask[:, :, None]).sum(axis=1, dtype=np.float32)
    mean = summed / mask.sum(axis=1, keepdims=True)
    unit: FloatArray = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
    return unit
