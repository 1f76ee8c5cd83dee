"""The words of a text as the tagger of personal data sees them: vectors, shapes, and the lists they stand in."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

import numpy as np

from graph.context import EncodedTokens, FloatArray, IntArray
from graph.guards.language import foreign

LISTS = ("first", "last", "place", "common")
"""Lists of words that a head brings: first names, surnames, places, and words that are usually written small."""
_MARKS = ".,'-/:@#()\"!?"
_CUES = {
    "title": (
        "mr mrs ms miss dr prof herr frau sr sra señor señora senhor senhora monsieur madame mme signor "
        "signora dhr mevrouw"
    ),
    "name": (
        "name named called call am i'm im ich soy sono sou suis ben heiße heisse llamo appelle chiamo "
        "heet nome nombre nom naam"
    ),
    "kin": (
        "husband wife son daughter mother father brother sister friend mum mom dad boss mann tochter sohn "
        "mari fille fils hijo hija marido moglie figlio figlia man zoon dochter filho filha"
    ),
    "home": ("live lives living born moved moving wohne vivo habite abito woon moro from aus to in near staying"),
    "street": (
        "street st road rd avenue ave lane drive straße strasse str rue via calle rua straat laan weg "
        "platz piazza avenida box apt suite flat"
    ),
}
"""Words, in seven languages, that stand before or in names and addresses."""
_CUE_OF = {word: row for row, words in enumerate(_CUES.values()) for word in words.split()}
FOREIGN = 4
"""The column of a shape that tells whether the text seems to be in another language than English."""
CAPITAL = 9
"""The column of a shape that tells whether a word begins with a capital."""
NAMED = slice(-len(LISTS), -1)
"""The columns that tell whether it stands in a list of names or places."""
FEATURES = 24 + len(_MARKS) + len(_CUES) + len(LISTS)
"""Numbers that describe the shape of one word."""


@dataclass(frozen=True, slots=True)
class Words:
    """The n words of a text: vectors `(n, dimensions)`, shapes `(n, FEATURES)`, spans `(n, 2)`."""

    vectors: FloatArray
    shapes: FloatArray
    spans: IntArray


def words(text: str, tokens: EncodedTokens, lists: Mapping[str, Collection[int]]) -> Words:
    """Join the tokens of each word, and describe its shape."""
    if not len(tokens.ids):
        return Words(tokens.vectors, np.zeros((0, FEATURES), np.float32), tokens.spans)
    first = np.flatnonzero(np.diff(tokens.words, prepend=-2))
    sizes = np.diff(first, append=len(tokens.ids))
    vectors = np.add.reduceat(tokens.vectors, first, axis=0) / sizes[:, None]
    spans = np.stack([tokens.spans[first, 0], tokens.spans[first + sizes - 1, 1]], axis=1)
    shapes = _shapes(text, spans.tolist(), lists)
    shapes[:, 0] = np.log1p(tokens.ids[first]) / 10  # the vocabulary is ordered by how common its words are
    shapes[:, 1] = np.minimum(sizes, 6) / 3
    return Words(vectors.astype(np.float32), shapes, spans)


def hashed(word: str) -> int:
    """A word without case and accents as a number: lists hold these, which are small and name nobody."""
    if word.isascii():
        return crc32(word.lower().encode())
    letters = unicodedata.normalize("NFD", word.lower())
    return crc32("".join(letter for letter in letters if not unicodedata.combining(letter)).encode())


def _shapes(text: str, spans: list[list[int]], lists: Mapping[str, Collection[int]]) -> FloatArray:
    alphabetic = re.findall(r"[^\W\d_]+", text)
    capitals = sum(word[0].isupper() for word in alphabetic) / max(1, len(alphabetic))
    loud = sum(word.isupper() and len(word) > 1 for word in alphabetic) / max(1, len(alphabetic))
    shapes = np.zeros((len(spans), FEATURES), np.float32)
    shapes[:, 2], shapes[:, 3], shapes[:, FOREIGN] = capitals, loud, foreign(text)
    shapes[:, 5] = "\n" in text
    gaps = ["\n", *(text[left[1] : right[0]] for left, right in pairwise(spans))]
    before = "."
    for row, ((start, end), gap) in enumerate(zip(spans, gaps, strict=True)):
        word = text[start:end]
        _shape(shapes[row], word, lists)
        shapes[row, 6] = not gap
        shapes[row, 7] = "\n" in gap
        shapes[row, 8] = before in ".!?:" or "\n" in gap
        before = word
    return shapes


def _shape(shape: FloatArray, word: str, lists: Mapping[str, Collection[int]]) -> None:
    lower, size = word.lower(), len(word)
    plain = word.isalpha()
    digits = 0 if plain else sum(character.isdigit() for character in word)
    letters = size if plain else sum(character.isalpha() for character in word)
    shape[CAPITAL] = word[0].isupper()
    shape[10] = word.isupper() and size > 1
    shape[11] = word[0].isupper() and size == 1
    shape[12] = word[1:] != lower[1:] and not word.isupper() and any(character.isupper() for character in word[1:])
    shape[13] = 0 < digits < size
    shape[14 + min(digits, 6) - 1 if digits == size else 20] = digits == size
    shape[21] = not word.isascii()
    shape[22] = size / 10
    shape[23] = letters == size and size <= 3
    place = 24
    if size == 1 and word in _MARKS:
        shape[place + _MARKS.index(word)] = 1
    place += len(_MARKS)
    if lower in _CUE_OF:
        shape[place + _CUE_OF[lower]] = 1
    place += len(_CUES)
    if letters and size > 1:
        key = hashed(word)
        for row, name in enumerate(LISTS):
            shape[place + row] = key in lists[name]
