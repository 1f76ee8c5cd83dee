"""One running text: its tokens, how many of them are computed, and what of it has been delivered."""

import codecs

import numpy as np

from graph.models.local.prefixes import Tokens
from graph.models.local.request import Finished, FinishReason, Request
from graph.models.local.sampling import Sampler
from graph.models.local.stopping import StopWords
from graph.models.local.vocabulary import Vocabulary


class Slot:
    """A request that runs.

    Attributes:
        sequence: its sequence in the context.
        computed: how many of its tokens the context holds.
        most: tokens that it may make.
    """

    def __init__(self, request: Request, sequence: int, vocabulary: Vocabulary, *, window: int) -> None:
        """Raises RequestRefused if the grammar cannot be read."""
        self.request = request
        self.sequence = sequence
        self.computed = 0
        self.most = tokens_to_make(request, window)
        self._tokens = np.zeros(len(request.prompt) + self.most, np.int32)
        self._tokens[: len(request.prompt)] = request.prompt
        self._known = len(request.prompt)
        self._reused = 0
        self._vocabulary = vocabulary
        self._sampler = Sampler(vocabulary, request.sampling)
        self._text = codecs.getincrementaldecoder("utf-8")("replace")  # a character may take several tokens
        self._stop = StopWords(request.sampling.stop)

    @property
    def reading(self) -> bool:
        """Whether some of the prompt is still to be computed, beside its last token."""
        return self.left > 1

    @property
    def left(self) -> int:
        """Tokens known but not computed; at least one as long as it runs."""
        return self._known - self.computed

    @property
    def made(self) -> int:
        """Tokens that were chosen."""
        return self._known - len(self.request.prompt)

    @property
    def known(self) -> Tokens:
        """All tokens so far."""
        return self._tokens[: self._known]

    @property
    def held(self) -> Tokens:
        """The tokens that the context holds."""
        return self._tokens[: self.computed]

    def next_tokens(self, count: int) -> list[int]:
        """The next tokens to compute."""
        found: list[int] = self._tokens[self.computed : self.computed + count].tolist()
        return found

    def reuse_up_to(self, length: int) -> None:
        """Note that the context holds that many tokens without computing them here."""
        self._reused += length - self.computed
        self.computed = length

    def take(self, logits: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Finished | None:
        """Choose the next token and deliver what text is sure; return the end, if this was it.

        Args:
            logits: of the last token known; shape `(vocabulary,)`; changed in place.
        """
        token = self._sampler.choose(logits)
        if token is None or token in self._vocabulary.ends:
            return self.end("stop")
        self._tokens[self._known] = token
        self._known += 1
        self._deliver(self._stop.add(self._text.decode(self._vocabulary.piece(token))))
        if self._stop.found:
            return self.end("stop")
        return self.end("length") if self.made >= self.most else None

    def end(self, reason: FinishReason) -> Finished:
        """Deliver the text that was held back, and return the end."""
        self._deliver(self._stop.rest(self._text.decode(b"", final=True)))
        ended: FinishReason = "stop" if self._stop.found else reason
        return Finished(ended, len(self.request.prompt), self.made, self._reused)

    def close(self) -> None:
        """Free the sampler's memory."""
        self._sampler.close()

    def _deliver(self, text: str) -> None:
        if text:
            self.request.deliver(text)


def tokens_to_make(request: Request, window: int) -> int:
    """Tokens that a request may make in a context window."""
    return min(request.sampling.max_tokens, window - len(request.prompt))
