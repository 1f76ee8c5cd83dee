"""Numbers in words as digits: "forty-five" and "fünfundvierzig" are 45, "2.5 million" is 2500000.

The words are the common cardinals of each language to 99, made by its rules of compounding, with hundreds,
thousands and the scale that is usual there (French "billion" is 10**12). Ordinals become `2th`, shares `50 %`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import pairwise

from graph.knowledge.fold import fold
from graph.knowledge.number_words import (
    BEFORE_FIRST,
    DURATIONS,
    FIRST,
    FRACTIONS,
    HUNDREDS,
    MINUS,
    NO_NOUN,
    NUMERATORS,
    ORDINALS,
    SCALES,
    TWICE,
    below_hundred,
    ordinals_from,
)

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_GAP = re.compile(r"[ \u00a0\u202f-]?")
_LONGEST = 4
"""Words of the longest number below a hundred: "quatre-vingt-dix-neuf"."""
_AND = {"en": ("and",), "pt": ("e",), "fr": ("et",), "es": ("y",), "it": ("e",), "nl": ("en",), "de": ("und",)}
_COMPOUND = {"de": ("hundert", "tausend", "und"), "nl": ("honderd", "duizend", "en"), "it": ("cento", "mila", "")}
"""Languages that write hundreds and thousands in one word, with those words and what may join what follows."""
_ORDINAL_SIGN = re.compile(r"\b(\d+)(?:st|nd|rd|th|er|re|e|de|ste|ème|eme|º|ª)\b(?!\w)")
_PER_CENT = re.compile(r"\b(?:per ?cent|pour ?cent|por ?ciento|por ?cento|prozent|procent)\b", re.IGNORECASE)
_POINTED = re.compile(r"\b(Tsd|Mio|Mrd|Mln|Mld)\.(?=\s)", re.IGNORECASE)
_SHORT_SCALE = re.compile(r"([$€£]\s?\d+(?:[.,]\d+)?)\s?(bn|[mk])\b", re.IGNORECASE)
_SHORT = {"k": "thousand", "m": "million", "bn": "billion"}


@dataclass(frozen=True, slots=True)
class _Lexicon:
    language: str
    cardinals: Mapping[tuple[str, ...], int]
    ordinals: Mapping[tuple[str, ...], int]
    hundreds: Mapping[str, int]
    scales: Mapping[str, int]
    joints: frozenset[str]
    minus: frozenset[str]
    fractions: tuple[tuple[re.Pattern[str], int], ...]
    durations: tuple[tuple[re.Pattern[str], str], ...]
    firsts: frozenset[str] = field(default=frozenset())


def in_digits(text: str, language: str = "en") -> str:
    """The text with its numbers in words, scale words, ordinals and shares in digits; the same if done twice.

    A lone "one" stays, because most often it counts nothing, and so does a word that is a number only between others.
    """
    lexicon = _lexicon(language)
    text = _POINTED.sub(r"\1", _PER_CENT.sub("%", text))
    text = _SHORT_SCALE.sub(lambda found: f"{found[1]} {_SHORT[found[2].lower()]}", text)
    for pattern, written in lexicon.durations:
        text = pattern.sub(written, text)
    for pattern, parts in lexicon.fractions:
        text = pattern.sub(lambda found, parts=parts: _share(found, parts, lexicon.language), text)  # type: ignore[misc]
    text = _ORDINAL_SIGN.sub(r"\1th", text)
    return _replaced(text, lexicon)


def _share(found: re.Match[str], parts: int, language: str) -> str:
    count = NUMERATORS[language].get(fold(found["count"] or ""), 1)
    count = int(found["count"]) if (found["count"] or "").isdigit() else count
    return f"{100 * count / parts:.4g} %"


def _replaced(text: str, lexicon: _Lexicon) -> str:
    """The text with what the lexicon reads as numbers replaced."""
    tokens = list(_TOKEN.finditer(text))
    words = [fold(token[0]) for token in tokens]
    joined = [_GAP.fullmatch(text, one.end(), other.start()) is not None for one, other in pairwise(tokens)]
    written: list[str] = []
    at = end = 0
    while at < len(tokens):
        found = _number(words, joined, at, lexicon)
        if found is None:
            at += 1
            continue
        digits, after = found
        written += [text[end : tokens[at].start()], digits]
        at, end = after, tokens[after - 1].end()
    return "".join([*written, text[end:]])


def _number(words: Sequence[str], joined: Sequence[bool], at: int, lexicon: _Lexicon) -> tuple[str, int] | None:
    """The number that begins at a word, in digits, and the place behind it."""
    word, last = words[at], at + 1 == len(words)
    counted = at > 0 and (words[at - 1][0].isdigit() or (words[at - 1],) in lexicon.cardinals)
    if word in lexicon.minus and not last and joined[at] and not counted:
        if words[at + 1][0].isdigit():
            return f"-{words[at + 1]}", at + 2
        number = _number(words, joined, at + 1, lexicon)
        return (f"-{number[0]}", number[1]) if number else None
    if word in TWICE.get(lexicon.language, {}):
        return f"{TWICE[lexicon.language][word]}×", at + 1
    if ordinal := _ordinal(words, joined, at, lexicon):
        return ordinal
    value, after = _cardinal(words, joined, at, lexicon)
    if value is None or (value == 1 and after == at + 1) or (word == "sei" and (last or words[at + 1] in NO_NOUN)):
        return None
    return f"{value.normalize():f}", after


def _ordinal(words: Sequence[str], joined: Sequence[bool], at: int, lexicon: _Lexicon) -> tuple[str, int] | None:
    """An ordinal. "Second" is none behind a number or without a noun, "first" only behind an article."""
    before = words[at - 1] if at else ""
    for size in (3, 2, 1):
        phrase = tuple(words[at : at + size])
        if len(phrase) < size or not all(joined[at : at + size - 1]) or phrase not in lexicon.ordinals:
            continue
        follows = words[at + size] if at + size < len(words) else ""
        near = at + size < len(words) and joined[at + size - 1]
        timed = size == 1 and phrase[0] in ("second", "segundo", "seconde", "secondo")
        if follows == "feira":  # a Portuguese weekday
            return None
        if timed and (before[:1].isdigit() or (before,) in lexicon.cardinals or not near or follows in NO_NOUN):
            return None
        return f"{lexicon.ordinals[phrase]}th", at + size
    if words[at] in lexicon.firsts and before in BEFORE_FIRST and at + 1 < len(words) and joined[at]:
        return "1th", at + 1
    return None


def _cardinal(
    words: Sequence[str], joined: Sequence[bool], start: int, lexicon: _Lexicon
) -> tuple[Decimal | None, int]:
    """Value of the longest number that begins at a place, and the place behind it. Digits only before a scale word."""
    total, group = Decimal(0), Decimal(0)
    at, read, opened = start, False, True
    while at < len(words) and (at == start or joined[at - 1]):
        word = words[at]
        if word[0].isdigit():
            value = _decimal(word)
            if read or value is None or at + 1 == len(words) or not joined[at] or words[at + 1] not in lexicon.scales:
                break
            group, at, opened = value, at + 1, False
        elif (scale := lexicon.scales.get(word)) is not None:
            if scale == 100:
                if group >= 100:
                    break
                group = (group or Decimal(1)) * 100
            else:
                total, group = total + (group or Decimal(1)) * scale, Decimal(0)
            at, opened = at + 1, True
        elif opened and (found := _base(words, joined, at, lexicon)) is not None:
            value, size = Decimal(found[0]), found[1]
            if value >= 1000:
                total += value
            else:
                group += value
            at, opened = at + size, value >= 100 and value % 100 == 0
        elif read and opened and word in lexicon.joints and at + 1 < len(words) and joined[at]:
            follows = _base(words, joined, at + 1, lexicon)
            if follows is None or (group == 0 and total == 0) or group % 100:
                break
            group, at, opened = group + follows[0], at + 1 + follows[1], False
        else:
            break
        read = True
    return (total + group, at) if read else (None, start)


def _base(words: Sequence[str], joined: Sequence[bool], at: int, lexicon: _Lexicon) -> tuple[int, int] | None:
    """The number below a hundred, or the compound, at a place; and how many words it has."""
    for size in range(_LONGEST, 0, -1):
        phrase = tuple(words[at : at + size])
        if len(phrase) == size and all(joined[at : at + size - 1]) and phrase in lexicon.cardinals:
            return lexicon.cardinals[phrase], size
    if (value := lexicon.hundreds.get(words[at])) is not None:
        return value, 1
    value = _compound(words[at], lexicon)
    return None if value is None else (value, 1)


def _compound(word: str, lexicon: _Lexicon) -> int | None:
    """The value of "zweihundertfünfzig" or "duemilatrecento"; None if the word is no number."""
    if lexicon.language not in _COMPOUND:
        return None
    hundred, thousand, joint = _COMPOUND[lexicon.language]
    if (value := lexicon.cardinals.get((word,))) is not None:
        return value
    for power, name in ((1000, thousand), (1000, "mille"), (100, hundred)):
        many, found, rest = word.partition(name)
        if not found or (name == "mille" and lexicon.language != "it"):
            continue
        rest = rest.removeprefix(joint) if rest and _compound(rest, lexicon) is None else rest
        left = _compound(many, lexicon) if many else 1
        right = _compound(rest, lexicon) if rest else 0
        return None if left is None or right is None or right >= power else left * power + right
    return None


def _decimal(word: str) -> Decimal | None:
    grouped = re.sub(r"[.,](?=\d{3}(?!\d))", "", word).replace(",", ".")
    return Decimal(grouped) if grouped.count(".") <= 1 else None


@cache
def _lexicon(language: str) -> _Lexicon:
    """The number words of a language; those of English for one that has none here."""
    language = language if language in SCALES else "en"
    cardinals = below_hundred(language)
    return _Lexicon(
        language=language,
        cardinals=cardinals,
        ordinals={**ordinals_from(language, cardinals), **ORDINALS[language]},
        hundreds=HUNDREDS.get(language, {}),
        scales=SCALES[language],
        joints=frozenset(_AND[language]),
        minus=frozenset(MINUS[language]),
        fractions=tuple((re.compile(pattern, re.IGNORECASE), parts) for pattern, parts in FRACTIONS[language]),
        durations=tuple((re.compile(pattern, re.IGNORECASE), written) for pattern, written in DURATIONS[language]),
        firsts=frozenset(FIRST[language]),
    )
