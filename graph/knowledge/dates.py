"""Dates as one thing each, so that day and month cannot be exchanged; and the names of months and weekdays.

The names are those of Unicode's CLDR, by way of Babel, in every language that Parley replies in with Latin letters.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from babel import Locale

from graph.knowledge.fold import fold

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
WRITTEN = re.compile(r"(?<![\w-])(?:(\d{4})-(\d\d)(?:-(\d\d))?|--(\d\d)-(\d\d))(?![\w-])")
"""A date as `iso` writes it: with day, without, or without a year."""
_LAST_MONTH, _LAST_DAY = 12, 31
_YEAR_FIRST = re.compile(r"(?<![\w.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\w-])")
_YEAR_LAST = re.compile(r"(?<![\w.-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?![\w-])")
_EITHER = "en"
"""The language whose dates with strokes may begin with the day or the month."""
_AMBIGUOUS_MONTHS = frozenset({"may", "march", "mars"})
"""Names of months that are other words in small letters."""


@dataclass(frozen=True, slots=True)
class _Names:
    months: dict[str, int]
    weekdays: dict[str, int]
    day_first: re.Pattern[str]
    month_first: re.Pattern[str]
    without_day: re.Pattern[str]
    alone: re.Pattern[str]


def iso(text: str, language: str = "en") -> str:
    """The text with its dates as 2024-03-05, 2024-03 or --03-05; the same if done twice.

    05/03/2024 in English stays as it is, since it may be of March or of May, unless one of its numbers is beyond 12.
    """
    names = _names(language)
    text = _YEAR_FIRST.sub(lambda found: _numeric(found, found[1], found[3], found[4]), text)
    text = _YEAR_LAST.sub(lambda found: _year_last(found, language), text)
    text = names.day_first.sub(lambda found: _named(names, found, found["day"]), text)
    text = names.month_first.sub(lambda found: _named(names, found, found["day"]), text)
    return names.without_day.sub(lambda found: _named(names, found, None), text)


def months_and_weekdays(text: str, language: str = "en") -> tuple[set[int], set[int]]:
    """The numbers of the months that stand without a day, and of the weekdays (Monday is 1)."""
    names = _names(language)
    months, weekdays = set(), set()
    for found in names.alone.finditer(text):
        word = fold(found[0])
        singular = word if word in names.weekdays or word in names.months else word.removesuffix("s")
        if singular in names.weekdays:
            weekdays.add(names.weekdays[singular])
        elif singular in names.months and (singular not in _AMBIGUOUS_MONTHS or found[0][0].isupper()):
            months.add(names.months[singular])
    return months, weekdays


@lru_cache(maxsize=4096)
def is_calendar(word: str) -> bool:
    """Whether a word names a month or a weekday in any of the languages."""
    folded = fold(word)
    return any(
        form in names.months or form in names.weekdays
        for names in map(_names, LANGUAGES)
        for form in (folded, folded.removesuffix("s"))
    )


def _numeric(found: re.Match[str], year: str, month: str, day: str) -> str:
    if not (1 <= int(month) <= _LAST_MONTH and 1 <= int(day) <= _LAST_DAY):
        return found[0]
    return f"{year}-{int(month):02}-{int(day):02}"


def _year_last(found: re.Match[str], language: str) -> str:
    first, sign, second, year = found.groups()
    if sign == "/" and language == _EITHER:
        if int(first) <= _LAST_MONTH < int(second):
            return _numeric(found, year, first, second)
        if int(first) <= _LAST_MONTH and first != second:
            return found[0]
    return _numeric(found, year, second, first)


def _named(names: _Names, found: re.Match[str], day: str | None) -> str:
    month = names.months[fold(found["month"])]
    if day is None:
        return f"{found['year']}-{month:02}"
    if not 1 <= int(day) <= _LAST_DAY:
        return found[0]
    return f"{found['year'] or '-'}-{month:02}-{int(day):02}"


@cache
def _names(language: str) -> _Names:
    """What the calendar of a language is called, and how its dates are written."""
    language = language if language in LANGUAGES else "en"
    locale = Locale.parse(language)
    wide = dict(locale.months["format"]["wide"])
    short = {name.removesuffix("."): number for number, name in locale.months["format"]["abbreviated"].items()}
    shown = {name: number for number, name in wide.items()} | {**short, **({"Sept": 9} if language == "en" else {})}
    month = "|".join(sorted({re.escape(form) for name in shown for form in (name, fold(name))}, key=len, reverse=True))
    weekdays = {fold(name): (number + 1) for number, name in locale.days["format"]["wide"].items()}
    if language == "de":
        weekdays["sonnabend"] = weekdays["samstag"]
    alone = sorted({form for name in (*wide.values(), *weekdays) for form in (name, fold(name))}, key=len, reverse=True)
    day = r"(?P<day>\d{1,2})"
    year = r"(?:,?\s+(?:(?:de|del|of)\s+)?(?P<year>\d{4})(?![\w-]|\.\d))"
    ending = r"(?:\.|st|nd|rd|th|er|º|ª|e)?"
    flags = re.IGNORECASE
    return _Names(
        months={fold(name): number for name, number in shown.items()},
        weekdays=weekdays,
        day_first=re.compile(
            rf"(?<![\w.,:-]){day}{ending}\s+(?:(?:of|de|di)\s+)?(?P<month>{month})\b\.?{year}?", flags
        ),
        month_first=re.compile(rf"\b(?P<month>{month})\b\.?\s+(?:the\s+)?{day}{ending}(?![\w:]|[.,]\d){year}?", flags),
        without_day=re.compile(rf"\b(?P<month>{month})\b\.?{year}", flags),
        alone=re.compile(rf"\b(?:{'|'.join(map(re.escape, alone))})s?\b", flags),
    )
