"""Hashed words and letters of a text: what a head reads beside the encoder's vector."""

import re
from zlib import crc32

import numpy as np

from graph.context import FloatArray, IntArray

_WORD = re.compile(r"[^\W_]+|[^\w\s]")
MOST_CHARS = 2000
"""Of a longer text only the beginning is read; windows read the rest."""


def hashed(text: str, buckets: int) -> tuple[IntArray, FloatArray]:
    """The buckets that the words, pairs of words and parts of words of `text` fall into, and how much each counts.

    The two arrays have one entry for each bucket that is hit; the second has unit length.
    """
    words = _WORD.findall(text[:MOST_CHARS].lower())
    grams = {f"w {word}" for word in words}
    grams.update(f"p {a} {b}" for a, b in zip(["^", *words], [*words, "$"], strict=True))
    for word in {word for word in words if len(word) > 3}:
        framed = f"<{word}>"
        grams.update(f"c {framed[start : start + 4]}" for start in range(len(framed) - 3))
    places = np.unique(
        np.fromiter((crc32(gram.encode()) % buckets for gram in grams), dtype=np.int64, count=len(grams))
    )
    return places, np.full(len(places), 1 / max(1.0, len(places)) ** 0.5, dtype=np.float32)
