"""Words that a net found personal, joined into spans."""

import re
from collections.abc import Iterator

import numpy as np

from graph.context import FloatArray, IntArray, PersonalSpan
from graph.guards.patterns import ordered

MOST = 0.85
"""No score of a net is higher: a form that checks, such as a card's digits, says more about the type."""
FAINT = 0.08
"""The chance of anything personal from which a word between two parts of an address belongs to it."""
TOWN = 0.4
"""The same for a word in small letters after a number."""
CERTAIN = 0.9
"""What a single word without a digit must reach to be an address."""
WORDY = 0.8
"""What a user name that is one plain word must reach: most of those have a digit or a mark."""
LONGEST = 40
"""No word of a name, an address or a user name is longer."""
SHORT = 3
"""So many capitals are rather an abbreviation than a name."""
_MONTH = re.compile(r"[^\W\d_]{3}")
_INSIDE_NAME = frozenset(".-'’")
_FEWEST_DIGITS = {"CREDIT_CARD": 11, "DATE_OF_BIRTH": 1, "IBAN": 8, "NATIONAL_ID": 4, "PHONE": 6}
_OF_WORDS = frozenset({"ADDRESS", "PERSON", "PLACE", "USERNAME"})
_DIGITS_FIRST = frozenset({"CREDIT_CARD", "PHONE"})
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ: "
_SECRET = re.compile(r"[\d\W_]")
_AT = re.compile(r"@|\b(?:at|arroba|chez|bei)\b", re.IGNORECASE)


def joined(
    text: str, places: IntArray, chances: FloatArray, labels: list[str], thresholds: FloatArray
) -> list[PersonalSpan]:
    """Return spans that do not overlap, by start.

    Args:
        text: the text.
        places: where its n words start and end, shape `(n, 2)`.
        chances: of each label for each word, shape `(n, labels)`; the first label means "nothing personal".
        labels: their names. Places where somebody is, `PLACE`, become addresses.
        thresholds: from which chance of anything personal a word counts, by label, shape `(n, labels)`.
    """
    if not len(places):
        return []
    likely = chances[:, 1:].argmax(axis=1) + 1
    personal = 1 - chances[:, 0]
    kinds = [
        labels[row] if on else ""
        for row, on in zip(likely, personal >= thresholds[np.arange(len(places)), likely], strict=True)
    ]
    words = [text[start:end] for start, end in places.tolist()]
    _close_gaps(words, kinds, personal)
    result: list[PersonalSpan] = []
    for first, last in _runs(text, places, kinds):
        start, end = _trimmed(text, int(places[first, 0]), int(places[last, 1]))
        score = float(personal[first : last + 1].mean())
        if kinds[first] in _DIGITS_FIRST:
            start += len(text[start:end]) - len(text[start:end].lstrip(_LETTERS))
        kind = kinds[first] if set(kinds[first : last + 1]) == {kinds[first]} else "ADDRESS"
        if _possible(kind, text, start, end, score):
            result.append(PersonalSpan("ADDRESS" if kind == "PLACE" else kind, start, end, min(score, MOST)))
    return result


def _close_gaps(words: list[str], kinds: list[str], personal: FloatArray) -> None:
    """Mark marks inside of spans, and faint parts of addresses: inner words, the first number, the town at the end."""
    for row in range(1, len(words) - 1):
        before = kinds[row - 1]
        if kinds[row] or not before:
            continue
        if kinds[row + 1] == before and not words[row].isalnum():
            kinds[row] = before if before not in {"PERSON", "PLACE"} or words[row] in _INSIDE_NAME else ""
        elif before == "ADDRESS" and personal[row] >= FAINT and "ADDRESS" in kinds[row + 1 : row + 3]:
            kinds[row] = "ADDRESS"
    for row in range(1, len(words)):
        after = kinds[row - 1] == "ADDRESS" and words[row - 1].isdigit()
        if not kinds[row] and after and personal[row] >= (FAINT if words[row][0].isupper() else TOWN):
            kinds[row] = "ADDRESS"
    for row in range(len(words) - 1):
        if not kinds[row] and kinds[row + 1] == "ADDRESS" and words[row].isdigit() and personal[row] >= FAINT:
            kinds[row] = "ADDRESS"


def _runs(text: str, places: IntArray, kinds: list[str]) -> Iterator[tuple[int, int]]:
    """First and last word of each span: neighbours of one kind, and on one line but in addresses, which hold places."""
    groups = ["ADDRESS" if kind == "PLACE" else kind for kind in kinds]
    first = 0
    for row in range(1, len(groups) + 1):
        if row < len(groups) and groups[row] == groups[first]:
            broken = "\n" in text[places[row - 1, 1] : places[row, 0]]
            if groups[row] == "ADDRESS" or not broken:
                continue
        if groups[first]:
            yield first, row - 1
        first = row


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and not (text[start].isalnum() or text[start] in "+("):
        start += 1
    while end > start and not (text[end - 1].isalnum() or (text[end - 1] == ")" and "(" in text[start:end])):
        end -= 1
    return start, end


def _possible(kind: str, text: str, start: int, end: int, score: float) -> bool:
    """Whether what a kind names may look like this."""
    value = text[start:end]
    digits = sum(character.isdigit() for character in value)
    if len(value) < 2 or not any(character.isalnum() for character in value):
        return False
    if kind == "DATE_OF_BIRTH" and not (digits > 3 or _MONTH.search(value)):
        return False  # a day without its month
    if kind == "IP":
        return False  # its form says everything: `found_by_form` knows which of them are nobody's
    if kind in _FEWEST_DIGITS:
        return digits >= _FEWEST_DIGITS[kind] and not ordered(text, start)
    if kind in _OF_WORDS and max(map(len, value.split())) > LONGEST:
        return False
    if kind == "ADDRESS":
        return " " in value or digits > 3 or score > CERTAIN
    if kind == "PASSWORD":
        return len(value) >= 6 and bool(_SECRET.search(value))
    if kind == "EMAIL":
        return bool(_AT.search(value))
    if kind == "URL":
        return "." in value
    if kind == "USERNAME":
        return not value.isalpha() or score > WORDY
    return kind != "PERSON" or (not digits and (score > CERTAIN or not _short(text, value)))


def _short(text: str, value: str) -> bool:
    """Whether it is an abbreviation, such as `TT`, in a text that is not all in capitals."""
    return len(value) <= SHORT and value.isupper() and not text.isupper()
