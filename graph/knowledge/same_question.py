"""Which of the questions that were asked before has the same answer as one that is asked."""

from collections.abc import Callable, Sequence

import numpy as np

from graph.context import Encoder, FloatArray, TokenEncoder
from graph.guards.language import foreign, language_of
from graph.knowledge.apart import apart
from graph.knowledge.wording import Wording, met, rest, wording_of

Nearest = Sequence[tuple[str, float]]
"""Questions that were asked before, each with its cosine: that of its sentence vector and the asked question's."""
Same = Callable[[str, Nearest], int | None]
"""Returns the place of the first question that has the same answer, None without one. Blocks: call it in a thread."""

ENCODER = "all-MiniLM-L6-v2.int8"
"""The encoder that the weights are fitted for. To some others, all questions are near."""
LEAST_SIMILARITY = 0.65
"""Words are compared from this cosine on."""
WEIGHTS = np.array([8.19, 5.94, 0.22], dtype=np.float32)
"""Of what `signs` returns, as log-odds; `python -m evals.train_same_question` fits them: docs/decisions/0011.

The more words differ at the same nearness, the likelier do two questions mean the same: one word that is another among
words that are the same mostly makes another question.
"""
LEAST = 12.15
"""Set by false hits, see there."""


class ByWords:
    """Judges by the sentence vectors and by the words, in English. Safe in many threads.

    Its encoder has read English only, and so has `apart`: to it, questions in Arabic are all alike.
    """

    def __init__(self, encoder: TokenEncoder) -> None:
        self._encoder = encoder

    def __call__(self, asked: str, kept: Nearest) -> int | None:
        """As `Same` says. Encodes the question, and of the kept ones those that may be it."""
        if not _english(asked):
            return None
        said: Wording | None = None
        for place, (question, similarity) in enumerate(kept):
            if similarity < LEAST_SIMILARITY or apart(asked, question):
                continue
            said = said or self._wording(asked)
            if float(WEIGHTS @ signs(said, self._wording(question), similarity)) >= LEAST:
                return place
        return None

    def _wording(self, text: str) -> Wording:
        return wording_of(text, self._encoder.encode_tokens(text))


def nothing_else(asked: str, kept: Nearest) -> int | None:
    """Take no other wording for the same question, as `Same` says."""
    return None


def judge_for(encoder: Encoder) -> Same:
    """The judge by words if it was fitted for this encoder, else one that takes no other wording."""
    if isinstance(encoder, TokenEncoder) and encoder.name == ENCODER:
        return ByWords(encoder)
    return nothing_else


def signs(one: Wording, other: Wording, similarity: float) -> FloatArray:
    """What tells that two questions are the same: their cosine, how their words meet, how much only one says."""
    return np.array([similarity, met(one, other), rest(one, other)], dtype=np.float32)


def _english(text: str) -> bool:
    language = language_of(text)
    return language == "en" or (language is None and not foreign(text))
