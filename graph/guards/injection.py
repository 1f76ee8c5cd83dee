"""Judges whether a visitor's text is an attack: a head on its vector and words, and signs in the letters."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from graph.context import Encoder, FloatArray, InjectionFinding
from graph.encoder.onnx import MAX_TOKENS
from graph.errors import ConfigError
from graph.guards.head import Head
from graph.guards.lexical import signal
from graph.guards.normalise import decoded, plain
from graph.guards.segments import spread

WEIGHTS = Path(__file__).with_name("injection.npz")
"""The head that a new installation uses. `evals/train_injection.py` makes it."""
THRESHOLD = 0.9
"""Score at which the head, as trained, lets all but the chosen share of support questions pass."""
LONG_CHARS = 500
WINDOW_CHARS = 300
WINDOWS = 48
"""Longer texts are also judged in windows of whole sentences, at most this many, evenly spread."""
TOKENS = 3000
"""About as many tokens are encoded for one judgement, so that dense texts get fewer windows, never slower ones."""

COUNTED = 200
"""So many pieces are counted to know how dense a text is."""

_LIKE_ATTACK = "reads like a known attack"
_SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]+\s*|[^.!?\n]+$")


class InjectionHead:
    """Scores texts; safe in many threads. `judge` encodes the windows of a long text: call it in a thread then."""

    def __init__(self, encoder: Encoder, weights: Path = WEIGHTS, *, threshold: float = THRESHOLD) -> None:
        """Read the head.

        Raises:
            ConfigError: the file is not a head, or one for another encoder.
        """
        try:
            with np.load(weights, allow_pickle=False) as file:
                name, self._head = str(file["encoder"]), Head.stored(file)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ConfigError(f"{weights} holds no injection head; train one with evals.train_injection.") from error
        if name != encoder.name or len(self._head.straight) != encoder.dimensions:
            raise ConfigError(
                f"The injection head in {weights} was trained for the encoder {name}, not for {encoder.name}; "
                "train one with evals.train_injection."
            )
        self._encoder = encoder
        self._threshold = threshold

    def judge(self, text: str, vector: FloatArray) -> InjectionFinding:
        """Judge `text`, whose unit vector is `vector` of shape `(dimensions,)`."""
        clean = plain(text)
        hidden = decoded(text)
        others = ([clean] if clean != text else []) + self._affordable(
            windows(clean) + [piece for each in hidden for piece in windows(each) or [each]]
        )
        vectors = np.vstack([vector, self._encoder.encode(others)]) if others else vector[None]
        findings = [
            (score, self._reason(piece, clean, hidden) if piece is not text else _LIKE_ATTACK)
            for piece, score in zip([text, *others], self._scores([text, *others], vectors), strict=True)
        ]
        signs: list[tuple[float, str]] = []
        for each in [clean, *hidden]:
            if found := signal(plain(each)):
                reason = f"hides a text that {found.reason}" if each in hidden else found.reason
                signs.append((found.score, reason))
        score, reason = max([*signs, *findings], key=lambda finding: finding[0])
        if signs and max(signs)[0] >= self._threshold:
            reason = max(signs)[1]  # what can be read off the letters tells staff more
        if score < self._threshold / 2:
            reason = "nothing suspicious"
        return InjectionFinding(score=score, reason=reason, blocked=score >= self._threshold)

    def _affordable(self, pieces: list[str]) -> list[str]:
        """Of many pieces those, evenly spread, that can be encoded with about `TOKENS` tokens."""
        tokens = sum(min(self._encoder.count_tokens(piece), MAX_TOKENS) for piece in pieces[:COUNTED])
        mean = max(1, tokens / max(1, min(len(pieces), COUNTED)))
        return spread(pieces, int(TOKENS / mean))

    def _scores(self, texts: Sequence[str], vectors: FloatArray) -> list[float]:
        logits = np.clip(self._head.logits(features(vectors), texts), -50, 50)
        return [1 / (1 + math.exp(-float(logit))) for logit in logits]

    @staticmethod
    def _reason(piece: str, clean: str, hidden: Sequence[str]) -> str:
        if any(piece in each for each in hidden):
            return f"hides a text that {_LIKE_ATTACK}"
        return f"holds a passage that {_LIKE_ATTACK}" if len(clean) > LONG_CHARS else _LIKE_ATTACK


def features(vectors: FloatArray) -> FloatArray:
    """What the head reads of unit vectors of shape `(n, dimensions)`, at the size that it was trained with."""
    return 4 * vectors


def windows(text: str) -> list[str]:
    """Cut a long text into windows of whole sentences that overlap by one; a short one has none."""
    if len(text) <= LONG_CHARS:
        return []
    sentences = [
        found.group()[start : start + WINDOW_CHARS]
        for found in _SENTENCE.finditer(text)
        for start in range(0, len(found.group()), WINDOW_CHARS)
    ]
    result: list[str] = []
    current: list[str] = []
    size = 0
    for sentence in sentences:
        if current and size + len(sentence) > WINDOW_CHARS:
            result.append("".join(current).strip())
            current = current[-1:] if len(current) > 1 and len(current[-1]) + len(sentence) <= WINDOW_CHARS else []
            size = sum(map(len, current))
        current.append(sentence)
        size += len(sentence)
    result.append("".join(current).strip())
    return spread([window for window in result if window], WINDOWS)
