"""Figures with their units, so that 14 days are neither 14 hours nor 10 days."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from graph.knowledge.words import content_words

_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()  # noqa: SIM905 - as a list, it would take a line a word
    )
} | {"once": "1", "twice": "2", "thirty": "30", "twenty": "20", "fifty": "50", "hundred": "100"}
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "second"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "minute"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "hourly"), "hour"),
    **dict.fromkeys(("day", "days", "daily", "night", "nights", "nightly"), "day"),
    **dict.fromkeys(("week", "weeks", "weekly"), "week"),
    **dict.fromkeys(("month", "months", "monthly"), "month"),
    **dict.fromkeys(("year", "years", "yearly", "annual", "annually"), "year"),
    **dict.fromkeys(("$", "usd", "dollar", "dollars"), "dollar"),
    **dict.fromkeys(("€", "eur", "euro", "euros"), "euro"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds"), "pound"),
    **dict.fromkeys(("¢", "cent", "cents"), "cent"),
    **dict.fromkeys(("crown", "crowns"), "crown"),
    **dict.fromkeys(("%", "percent"), "percent"),
    **dict.fromkeys(("kb", "kilobyte", "kilobytes"), "kb"),
    **dict.fromkeys(("mb", "megabyte", "megabytes"), "mb"),
    **dict.fromkeys(("gb", "gigabyte", "gigabytes"), "gb"),
    **dict.fromkeys(("tb", "terabyte", "terabytes"), "tb"),
    "am": "am",
    "pm": "pm",
}
_OTHER = "~"
"""Before the word behind a number that is no unit of those above."""
_UNIT_KINDS = {
    "time": {"second", "minute", "hour", "day", "week", "month", "year"},
    "clock": {"am", "pm"},
    "money": {"dollar", "euro", "pound", "cent", "crown"},
    "size": {"kb", "mb", "gb", "tb"},
}
_EVERY = frozenset({"a", "an", "per", "each", "every", "one"})
_UNIT_STEMS = frozenset(stem for name in _UNITS for stem in content_words(name)) | frozenset(
    content_words("twice half")
)
_MONTHS = frozenset(
    "january february march april june july august september october november december".split()  # noqa: SIM905 - as above
)
_QUANTITY = re.compile(r"([$€£])?\s?(\d+(?:[.,:]\d+)*)(?:[-\s]?([%¢$€£]|[^\W\d_]+))?")
_WORD = re.compile(r"[^\W_]+(?:['’]\w+)?|[$€£%¢]")
_GROUPED = re.compile(r"[.,](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written, without signs that group digits. `unit` is empty, known, or a `~` and the word."""

    number: str
    unit: str


@lru_cache(maxsize=4096)
def quantities(text: str) -> frozenset[Quantity]:
    """The figures of a text with their units: "14-day" and "fourteen days" are one. "A month" is one month."""
    found = set()
    words = [word.lower() for word in _WORD.findall(text)]
    for before, word in zip(["", *words], words, strict=False):
        if word in _UNITS and not before.isdigit():
            number = "1" if before in _EVERY or word.endswith("ly") or word == "annual" else _NUMBERS.get(before)
            if number and _UNITS[word] not in ("am", "pm"):
                found.add(Quantity(number, _UNITS[word]))
    for match in _QUANTITY.finditer(text):
        sign, number, unit = match.groups()
        number = _GROUPED.sub("", number).removesuffix(".00")
        before = _WORD.findall(text[: match.start()].lower())[-1:]
        named = _UNITS.get(sign or "") or _UNITS.get((unit or "").lower(), "")
        if not named and before and before[0] in _MONTHS:
            named = before[0]
        if not named and unit and (stems := content_words(unit)):
            named = _OTHER + stems[0]
        found.add(Quantity(number, named))
    for before, word in pairwise(words):
        if before in _NUMBERS and before not in ("one", "once") and word not in _UNITS:
            found.add(Quantity(_NUMBERS[before], _OTHER + "".join(content_words(word)[:1])))
    return frozenset(found)


def same_quantities(claim: str, source: str) -> bool:
    """Whether the source has each figure of the claim, with the same unit where both name one that is known."""
    known = quantities(source)
    return all(any(_agree(quantity, other) for other in known) for quantity in quantities(claim))


def _agree(one: Quantity, other: Quantity) -> bool:
    """A unit that is not known may be called by another word, and a figure without any may have left it out."""
    if one.number != other.number:
        return False
    vague = one.unit.startswith(_OTHER) and other.unit.startswith(_OTHER)
    return one.unit == other.unit or vague or not (one.unit and other.unit)


def kind_of(unit: str) -> str:
    """What a unit measures: two times are rivals, a time and a price are not."""
    return next((kind for kind, units in _UNIT_KINDS.items() if unit in units), unit[:1])


def is_unit(stem: str) -> bool:
    """Whether a word only counts something, so that it is compared with its number."""
    return stem in _UNIT_STEMS
