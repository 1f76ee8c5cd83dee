"""Judges whether a passage of a document, or the result of a tool, holds an instruction to the assistant.

A text is cut into sentences, lines, cells and values. Each is judged by its own vector and words, and by how
it fits its neighbours.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from graph.context import Encoder, FloatArray
from graph.errors import ConfigError
from graph.guards.head import Head
from graph.guards.letters import STRONG, by_letters, views_of
from graph.guards.normalise import plain
from graph.guards.segments import segments

WEIGHTS = Path(__file__).with_name("documents.npz")
"""The head that a new installation uses. `evals/train_documents.py` makes it; its card is docs/decisions/0008."""
ALONE = 3.5
"""Log-odds that a piece without neighbours needs: the head was made for pieces among others, and a short harmless
answer that stands alone ("In three days.") comes to two or three."""
HEADING = 3.0
"""Log-odds that a piece of a heading needs, which the head was not made for: many ask a question or say what to do. Of
1,446 clean passages none comes to it, of 500 instructions in a heading's place 442 do."""


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

    def suspicious(self, texts: Sequence[str], above: Sequence[str] | None = None) -> list[bool]:
        """Whether each text seems to hold an instruction to the assistant. For `above` see `judge`."""
        return [finding.suspicious for finding in self.judge(texts, above)]

    def judge(self, texts: Sequence[str], above: Sequence[str] | None = None) -> list[PassageFinding]:
        """Judge passages or results of tools, each by itself.

        Args:
            above: the headings that a model reads above each text, a line each; they are judged with it.
        """
        read = views_of(texts, above)
        pieces = [[segments(view) for view in views] for views in read]
        headed = [frozenset(segments(plain(each))) for each in above or [""] * len(texts)]
        every = list(dict.fromkeys(piece for views in pieces for view in views for piece in view))
        places = {piece: place for place, piece in enumerate(every)}
        vectors = self._encoder.encode(every)
        return [
            max(
                (
                    finding
                    for view, cut in zip(views, cuts, strict=True)
                    for finding in self._judged(view, cut, vectors[[places[piece] for piece in cut]], headings)
                ),
                key=lambda finding: (finding.suspicious, finding.score),
            )
            for views, cuts, headings in zip(read, pieces, headed, strict=True)
        ]

    def _judged(self, view: str, cut: list[str], vectors: FloatArray, headings: frozenset[str]) -> list[PassageFinding]:
        """By the letters of a whole view, and by the likeliest of its pieces."""
        signs = by_letters(view)
        result = [PassageFinding(signs, view[:200], signs >= STRONG)]
        if cut:
            logits = self._head.logits(features(vectors), cut)
            past = logits - self._needed(cut, headings)
            best = int(past.argmax())
            score = float(1 / (1 + np.exp(-np.clip(logits[best], -50, 50))))
            result.append(PassageFinding(score, cut[best], bool(past[best] >= 0)))
        return result

    def _needed(self, cut: list[str], headings: frozenset[str]) -> NDArray[np.float64]:
        alone = max(self._threshold, ALONE) if len(cut) == 1 else self._threshold
        return np.array([max(alone, HEADING) if piece in headings else alone for piece in cut])


def judge_of(weights: Path = WEIGHTS) -> str:
    """The name of the screen that reads these weights; another when they change. Reads the file.

    Raises:
        ConfigError: there is none.
    """
    try:
        with weights.open("rb") as file:
            return f"head@{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
    except OSError as error:
        raise ConfigError(f"{weights} holds no document head; train one with evals.train_documents.") from error


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
