"""Finds personal data by a small net over the encoder's token vectors. `evals/train_personal.py` makes its weights."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from graph.context import Encoder, FloatArray, IntArray, PersonalSpan, TokenEncoder
from graph.errors import ConfigError
from graph.guards.joined import joined
from graph.guards.net import Net
from graph.guards.words import CAPITAL, LISTS, NAMED, Words, words
from graph.guards.words import FOREIGN as IN_FOREIGN

HEAD = Path(__file__).with_name("personal.npz")
"""The head that a new installation uses."""
FOREIGN = 0.7
"""In other languages than English, the chance that a word of a name or of a place must reach at least."""
FOREIGN_ODD = 0.97
"""The same for a word in small letters that no list of names and places knows."""
_OPEN = frozenset({"ADDRESS", "PERSON", "PLACE"})
"""Labels that say nothing about the form."""
_ACCENTED = re.compile(r"(?<!\w)[a-zß-ÿ]{0,30}[ß-öø-ÿ]")
"""A word in small letters that English would hardly write."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the net makes of a text.

    Attributes:
        spans: they do not overlap, by start.
        words: where each of n words starts and ends (exclusive), shape `(n, 2)`.
        chances: how likely each of them is personal at all, shape `(n,)`.
    """

    spans: list[PersonalSpan]
    words: IntArray
    chances: FloatArray

    def chance(self, start: int, end: int) -> float:
        """That of the likeliest word between two places of the text."""
        inside = (self.words[:, 0] < end) & (self.words[:, 1] > start)
        return float(self.chances[inside].max(initial=0))


class Tagger:
    """Reads texts; safe in many threads."""

    def __init__(self, encoder: TokenEncoder, head: Path = HEAD) -> None:
        """Read the head.

        Raises:
            ConfigError: the file is not a head, or one for another encoder.
        """
        try:
            with np.load(head, allow_pickle=False) as file:
                name = str(file["encoder"])
                self._net = Net.stored(file)
                self._lists = {each: frozenset(file[f"list_{each}"].tolist()) for each in LISTS}
                self._labels = [str(each) for each in file["labels"]]
                self._thresholds = file["thresholds"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ConfigError(f"{head} holds no personal data head; train one with evals.train_personal.") from error
        if name != encoder.name or len(self._net.vectors) != 3 * encoder.dimensions:
            raise ConfigError(
                f"The personal data head in {head} was trained for the encoder {name}, not for {encoder.name}; "
                "train one with evals.train_personal."
            )
        self._open = [row for row, label in enumerate(self._labels) if label in _OPEN]
        self._encoder = encoder

    def read(self, text: str) -> Reading:
        """Encode a text and tell what is personal in it. Blocks: call it in a thread."""
        seen = words(text, self._encoder.encode_tokens(text), self._lists)
        chances = self._net.chances(seen.vectors, seen.shapes)
        spans = joined(text, seen.spans, chances, self._labels, self._needed(text, seen))
        return Reading(spans, seen.spans, 1 - chances[:, 0])

    def _needed(self, text: str, seen: Words) -> FloatArray:
        """From which chance each word counts, by label, shape `(n, labels)`.

        The encoder is blind to case and reads English: to it, an ordinary word of another language is as odd as a name.
        """
        needed = np.tile(self._thresholds, (len(seen.spans), 1))
        if seen.shapes[:1, IN_FOREIGN].any() or _ACCENTED.search(text):
            odd = ~(seen.shapes[:, NAMED].any(axis=1) | (seen.shapes[:, CAPITAL] > 0))
            lowest = np.where(odd, FOREIGN_ODD, FOREIGN)[:, None]
            needed[:, self._open] = np.maximum(needed[:, self._open], lowest)
        return needed


def tagger_for(encoder: Encoder) -> Tagger | None:
    """The tagger, if its head was trained for this encoder; else none, which the log tells."""
    if not isinstance(encoder, TokenEncoder):
        _log.warning("The encoder %s shows no tokens: personal data is found by patterns and spaCy only.", encoder.name)
        return None
    try:
        return Tagger(encoder)
    except ConfigError as error:
        _log.warning("Personal data is found by patterns and spaCy only. %s", error)
        return None
