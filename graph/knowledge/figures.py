"""Figures with their units, so that 14 days are neither 14 hours nor 10 days, and 5 March is not 3 May."""

import re
from dataclasses import dataclass
from functools import lru_cache

from graph.knowledge.dates import WRITTEN, iso, months_and_weekdays
from graph.knowledge.numerals import in_digits
from graph.knowledge.units import EVERY, UNITS
from graph.knowledge.words import content_words

DATE, WEEKDAY = "date", "weekday"
_OTHER = "~"
"""Before the word behind a number that is no unit of those known."""
_UNCOUNTED = ("am", "pm", "ordinal")
_ADVERBS = ("ly", "lich", "annual", "dagelijks")
_SIGN = r"(?<![\w.,)\]])(?P<minus>[-−–](?=[$€£]?\d))"
_QUANTITY = re.compile(
    rf"(?:{_SIGN})?(?P<money>[$€£])?\s?(?P<number>\d+(?:[.,:]\d+)*)(?:[-\s]?(?P<unit>[%¢$€£]|°\s?[CF]?\b|°|[^\W\d_]+))?"
)
_WORD = re.compile(r"[^\W_]+(?:['’]\w+)?|[$€£%¢]")
_GROUPED = re.compile(r"[.,](?=\d{3}(?!\d))")
_DECIMAL_COMMA = re.compile(r"^(\d+),(\d{1,2})$")
_YEAR_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written, without signs that group digits. `unit` is empty, known, or a `~` and the word.

    A date has `unit` "date" and as its number 2024-03-05, or what of it is given: 2024-03, --03-05, --03.
    """

    number: str
    unit: str


@lru_cache(maxsize=4096)
def canonical(text: str, language: str = "en") -> str:
    """The text with its numbers in digits and its dates in one form. The same if done twice."""
    return iso(in_digits(iso(text, language), language), language)


@lru_cache(maxsize=4096)
def quantities(text: str, language: str = "en") -> frozenset[Quantity]:
    """The figures of a text with their units: "14-day" and "fourteen days" are one. "A month" is one month."""
    text = canonical(text, language)
    months, weekdays = months_and_weekdays(WRITTEN.sub(" ", text), language)
    found = {Quantity(f"--{month:02}", DATE) for month in months} | {Quantity(str(day), WEEKDAY) for day in weekdays}
    found |= {Quantity(date[0], DATE) for date in WRITTEN.finditer(text)}
    text = WRITTEN.sub(" ; ", text)
    words = [word.lower() for word in _WORD.findall(text)]
    for before, word in zip(["", *words], words, strict=False):
        unit = UNITS.get(word, "")
        if unit and unit not in _UNCOUNTED and (before in EVERY or word.endswith(_ADVERBS)):
            found.add(Quantity("1", unit))
    for match in _QUANTITY.finditer(text):
        found.add(_quantity(match))
    return frozenset(found)


def _quantity(match: re.Match[str]) -> Quantity:
    number = _GROUPED.sub("", match["number"]).removesuffix(".00").removesuffix(",00")
    number = _DECIMAL_COMMA.sub(r"\1.\2", number)
    unit = "".join((match["unit"] or "").lower().split())
    named = UNITS.get(match["money"] or "") or UNITS.get(unit, "")
    if not named and unit and (stems := content_words(unit)):
        named = _OTHER + stems[0]
    return Quantity(f"{'-' if match['minus'] else ''}{number}", named)


def same_quantities(claim: str, source: str, language: str = "en") -> bool:
    """Whether the source has each figure of the claim, with the same unit where both name one that is known."""
    return agree(quantities(claim, language), quantities(source, language))


def agree(claimed: frozenset[Quantity], known: frozenset[Quantity]) -> bool:
    """Whether each figure of a claim is among those of a source."""
    return all(any(_agree(quantity, other) for other in known) for quantity in claimed)


def _agree(one: Quantity, other: Quantity) -> bool:
    """A unit that is not known may be called by another word, and a figure without any may have left it out.

    Of a date the claim may say less than the source.
    """
    if other.unit == DATE and (one.unit == DATE or not one.unit or one.unit.startswith(_OTHER)):
        return _within(one.number, other.number) if one.unit == DATE else _is_year(one.number, other.number)
    if one.number != other.number:
        return False
    vague = one.unit.startswith(_OTHER) and other.unit.startswith(_OTHER)
    strict = {one.unit, other.unit} & {WEEKDAY, "ordinal", "percent"}
    return one.unit == other.unit or ((vague or not (one.unit and other.unit)) and not strict)


def _is_year(number: str, date: str) -> bool:
    return len(number) == _YEAR_DIGITS and date.startswith(f"{number}-")


def _within(claimed: str, known: str) -> bool:
    """Whether what is said of a date is so of the other: "--03" and "2024-03" of 2024-03-05."""
    return all(mine in ("", theirs) for mine, theirs in zip(_fields(claimed), _fields(known), strict=True))


def _fields(date: str) -> tuple[str, str, str]:
    year, _, rest = date.partition("-") if not date.startswith("--") else ("", "-", date[2:])
    month, _, day = rest.partition("-")
    return year, month, day
