"""Judges whether a passage of a document, or the result of a tool, holds an instruction to the assistant.

A text is cut into sentences, lines, cells and values. Each is judged by its own vector and words, and by how
it fits its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from graph.context import Encoder, FloatArray
from graph.errors import ConfigError
from graph.guards.head import Head
from graph.guards.lexical import signal
from graph.guards.normalise import decoded, plain
from graph.guards.segments import segments

WEIGHTS = Path(__file__).with_name("documents.npz")
"""The head that a new installation uses. `evals/train_documents.py` makes it; its card is docs/decisions/0008."""
ALONE = 3.5
"""Log-odds that a piece without neighbours needs: the head was made for pieces among others, and a short harmless
answer that stands alone ("In three days.") comes to two or three."""
STRONG = 0.95
"""From this score on, a sign in the letters is enough."""


@dataclass(frozen=True, slots=True)
class PassageFinding:
    """The likeliest instruction in a passage: `score` in [0, 1], its words, and whether it passes the threshold."""

    score: float
    piece: str
    suspicious: bool


class DocumentScreen:
    """Judges passages; safe in many threads. It encodes each piece: call it in a thread."""

    def __init__(self, encoder: Encoder, weights: Path = WEIGHTS, *, threshold: float | None = None) -> None:
        """Read the head; without a `threshold`, in log-odds, the one that was fitted with it.

        Raises:
            ConfigError: the file is not a head, or one for another encoder.
        """
        try:
            with np.load(weights, allow_pickle=False) as file:
                name, fitted, self._head = str(file["encoder"]), float(file["threshold"]), Head.stored(file)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ConfigError(f"{weights} holds no document head; train one with evals.train_documents.") from error
        if name != encoder.name or len(self._head.straight) != 2 * encoder.dimensions + 1:
            raise ConfigError(
                f"The document head in {weights} was trained for the encoder {name}, not for {encoder.name}; "
                "train one with evals.train_documents."
            )
        self._encoder = encoder
        self._threshold = fitted if threshold is None else threshold

    def suspicious(self, texts: Sequence[str]) -> list[bool]:
        """Whether each text seems to hold an instruction to the assistant."""
        return [finding.suspicious for finding in self.judge(texts)]

    def judge(self, texts: Sequence[str]) -> list[PassageFinding]:
        """Judge passages or results of tools, each by itself."""
        read = [[plain(text), *decoded(text)] for text in texts]
        pieces = [[segments(view) for view in views] for views in read]
        every = list(dict.fromkeys(piece for views in pieces for view in views for piece in view))
        places = {piece: place for place, piece in enumerate(every)}
        vectors = self._encoder.encode(every)
        return [
            max(
                (
                    finding
                    for view, cut in zip(views, cuts, strict=True)
                    for finding in self._judged(view, cut, vectors[[places[piece] for piece in cut]])
                ),
                key=lambda finding: (finding.suspicious, finding.score),
            )
            for views, cuts in zip(read, pieces, strict=True)
        ]

    def _judged(self, view: str, cut: list[str], vectors: FloatArray) -> list[PassageFinding]:
        """By the letters of a whole view, and by the likeliest of its pieces."""
        found = signal(view)
        result = [PassageFinding(found.score if found else 0.0, view[:200], bool(found and found.score >= STRONG))]
        if cut:
            logits = self._head.logits(features(vectors), cut)
            best = int(logits.argmax())
            score = float(1 / (1 + np.exp(-np.clip(logits[best], -50, 50))))
            needed = self._threshold if len(cut) > 1 else max(self._threshold, ALONE)
            result.append(PassageFinding(score, cut[best], bool(logits[best] >= needed)))
        return result


def features(vectors: FloatArray, around: FloatArray | None = None) -> FloatArray:
    """What the head reads of n pieces, shape `(n, 2 dimensions + 1)`.

    Args:
        vectors: of the pieces, of unit length, shape `(n, dimensions)`.
        around: the mean of each piece's neighbours, likewise; if None, of all other pieces.
    """
    if around is None:
        around = surroundings(vectors)
    product = vectors * around
    return np.hstack([4 * vectors, 40 * product, 4 * product.sum(axis=1, keepdims=True)]).astype(np.float32)


def surroundings(vectors: FloatArray) -> FloatArray:
    """For each of n pieces of a passage the mean of the others, of unit length; zeros for one that stands alone."""
    if len(vectors) < 2:
        return np.zeros_like(vectors)
    others = vectors.sum(axis=0) - vectors
    unit: FloatArray = others / np.maximum(np.linalg.norm(others, axis=1, keepdims=True), 1e-6)
    return unit
