"""Choosing the next token from logits."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.models.local.candidates import Candidates
from graph.models.local.grammar import Grammar
from graph.models.local.library import library
from graph.models.local.vocabulary import Vocabulary

PENALISED = 64
"""Tokens back from the end for which a repetition is penalised."""
LIKELIEST = 64
"""Candidates that are first tried on a grammar: to try a whole vocabulary takes a hundred times as long."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. Temperature 0 takes the likeliest each time, and `top_k`, `top_p`, `min_p` do nothing."""

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.1
    seed: int | None = None
    """The same seed, prompt and settings give the same text; None draws one."""
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    grammar: str | None = None
    """A GBNF grammar that the text must follow."""


class Sampler:
    """Chooses the tokens of one text. Close it when the text has ended.

    The penalty is applied here and not by llama.cpp's sampler, which looks each token of the vocabulary up among those
    penalised and so takes ten times as long.
    """

    def __init__(self, vocabulary: Vocabulary, sampling: Sampling) -> None:
        """Raises RequestRefused if the grammar cannot be read."""
        self._library = library()
        self._ends = vocabulary.ends
        self._ids = np.arange(vocabulary.size, dtype=np.int32)
        self._penalty = sampling.repeat_penalty
        self._recent: deque[int] = deque(maxlen=PENALISED)
        self._grammar = Grammar(vocabulary, sampling.grammar) if sampling.grammar is not None else None
        self._chain: Any = _chain(sampling) if sampling.temperature > 0 else None

    def choose(self, logits: NDArray[np.float32]) -> int | None:
        """The next token; None if the grammar admits none.

        Args:
            logits: shape `(vocabulary,)`; changed in place.
        """
        self._penalise(logits)
        token: int | None = self._draw(self._ids, logits)
        if self._grammar:
            if not self._grammar.allowed(np.array([token], np.int32))[0]:
                token = self._admitted(self._grammar, logits)
            if token is not None and token not in self._ends:
                self._grammar.accept(token)
        if token is not None:
            self._recent.append(token)
        return token

    def close(self) -> None:
        """Free the memory."""
        if self._grammar:
            self._grammar.close()
        if self._chain:
            self._library.llama_sampler_free(self._chain)

    def _penalise(self, logits: NDArray[np.float32]) -> None:
        recent = list(set(self._recent))
        values = logits[recent]
        logits[recent] = np.where(values > 0, values / self._penalty, values * self._penalty)

    def _draw(self, ids: NDArray[np.int32], logits: NDArray[np.float32]) -> int:
        if self._chain is None:
            return int(ids[logits.argmax()])
        candidates = Candidates(ids, logits)
        candidates.apply(self._chain)
        return candidates.chosen

    def _admitted(self, grammar: Grammar, logits: NDArray[np.float32]) -> int | None:
        """Draw among those that the grammar admits: the likeliest of them first, then all."""
        few = np.argpartition(logits, -LIKELIEST)[-LIKELIEST:].astype(np.int32)
        for ids in (few, self._ids):
            ids = ids[grammar.allowed(ids)]
            if len(ids):
                return self._draw(ids, logits[ids])
        return None


def _chain(sampling: Sampling) -> Any:
    llama_cpp = library()
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    seed = llama_cpp.LLAMA_DEFAULT_SEED if sampling.seed is None else sampling.seed % 2**32
    for sampler in (
        llama_cpp.llama_sampler_init_top_k(sampling.top_k),
        llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1),
        llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1),
        llama_cpp.llama_sampler_init_temp(sampling.temperature),
        llama_cpp.llama_sampler_init_dist(seed),
    ):
        llama_cpp.llama_sampler_chain_add(chain, sampler)
    return chain
