"""The words of a text that carry its meaning, cut to rough stems so that `plans` meets `plan`."""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’]\w+)?")
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ed", "es", "ly", "s", "e", "y")
_FUNCTION_WORDS = frozenset(
    (  # noqa: SIM905 - as a list, it would take a line a word
        "a about after again all also am an and any are as at be because been before being both but by can "
        "cannot can't could did do does doing don't done each else few for from get go got had has have "
        "having he her here his how i i'm if in into is isn't it it's its just let like may me might more "
        "most must my need no nor not of on once one only or other our out over own please same shall she "
        "should so some such tell than that the their them then there these they thing this those to too "
        "under up us use used using very want was way we were what when where which while who why will with "
        "would you your"
    ).split(" ")
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NEGATION = re.compile(r"\b(no|not|never|none|without|cannot|isn.t|aren.t|don.t|doesn.t|won.t|can.t)\b", re.IGNORECASE)


def content_words(text: str) -> list[str]:
    """Stems of the words that are no function words, in order, repeated as often as they stand there."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in _FUNCTION_WORDS]


def coverage(words: list[str], text: str) -> float:
    """Share of `words` (stems) that `text` has, in [0, 1]; 0 without words."""
    if not words:
        return 0.0
    present = set(content_words(text))
    return sum(word in present for word in words) / len(words)


def figures(text: str) -> set[str]:
    """The numbers of a text, without the commas and points that group digits."""
    return {re.sub(r"[.,](?=\d{3}\b)", "", number) for number in _NUMBER.findall(text)}


def negated(text: str) -> bool:
    """Whether a sentence denies something."""
    return _NEGATION.search(text) is not None


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
