"""A cross-encoder over ONNX Runtime: reads question and passage together, and says how well one answers the other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from graph.context import FloatArray
from graph.encoder.onnx import SPIN_US
from graph.errors import ConfigError

MAX_TOKENS = 512
BATCH = 8


class OnnxReranker:
    """Any model with inputs ids, mask and (if it has them) types, and one number for each pair. Safe in many threads.

    As in Nogueira and Cho, "Passage Re-ranking with BERT" (2019).
    """

    def __init__(self, model: Path, tokenizer: Path, *, threads: int = 2) -> None:
        """Load the model, and try it on one pair.

        Raises:
            ConfigError: a file is not what it should be.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN_US)
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exception classes are not public
            raise ConfigError(f"The reranker {model} is not an ONNX model that can be loaded.") from error
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # tokenizers raises bare Exception
            raise ConfigError(f"The tokenizer {tokenizer} cannot be loaded.") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="longest_first")
        self._inputs = {node.name for node in self._session.get_inputs()}
        try:
            self.scores("x", ["y"])
        except Exception as error:
            raise ConfigError(f"The reranker {model} does not give one number for a question and a passage.") from error

    def scores(self, question: str, texts: Sequence[str]) -> FloatArray:
        """Return how well each text answers, of any scale, shape `(len(texts),)`. Blocks: call it in a thread."""
        pairs = self._tokenizer.encode_batch([(question, text) for text in texts])
        order = np.argsort([len(pair.ids) for pair in pairs], kind="stable")
        scores = np.zeros(len(texts), dtype=np.float32)
        for start in range(0, len(order), BATCH):  # of similar length
            batch = order[start : start + BATCH]
            shape = len(batch), max(len(pairs[row].ids) for row in batch)
            feed = {name: np.zeros(shape, dtype=np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
            for at, row in enumerate(batch):
                length = len(pairs[row].ids)
                feed["input_ids"][at, :length] = pairs[row].ids
                feed["attention_mask"][at, :length] = 1
                feed["token_type_ids"][at, :length] = pairs[row].type_ids
            given = self._session.run(None, {name: value for name, value in feed.items() if name in self._inputs})[0]
            scores[batch] = np.asarray(given, dtype=np.float32).reshape(len(batch), -1).squeeze(axis=1)
        return scores
