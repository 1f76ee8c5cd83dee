"""Whether a question leans on what was said before, and what it names itself: by the words of its language."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graph.guards.language import language_of
from graph.knowledge.words import content_words

FILE = Path(__file__).with_name("followup.toml")
FALLBACK = "en"
FEW_WORDS = 4
"""A question with more content words of its own stands by itself."""
POINTING = 3
"""So many of its own may stand beside a word that points to what was said."""
_WORD = re.compile(r"[^\W_]+(?:['’]\w+)?")
_PROPER = re.compile(r"(?<=[^\W\d_A-Z] )[A-Z][\w-]*\w|(?<=, )[A-Z][\w-]*\w|\b[A-Z]{2,}\w*")
_PSEUDONYM = re.compile(r"\[[A-Z_]+_\d+\]")
"""Stands in no document."""
_APOSTROPHE = re.compile(r"['’]")
_BEFORE = re.compile(r"^(?:[\s¿¡]|(?:ok|okay)[,.!]?\s)*", re.IGNORECASE)
_TALK = frozenset(content_words("ok okay thanks thank danke merci gracias grazie bedankt obrigado obrigada great fine"))
"""Words that answer an answer, and name nothing."""


@dataclass(frozen=True, slots=True)
class _Words:
    opens: re.Pattern[str]
    asks: frozenset[str]
    points: re.Pattern[str]
    weak: re.Pattern[str]
    fixed: re.Pattern[str]
    empty: frozenset[str]
    little: frozenset[str]
    """Both as stems."""


def spoken(*texts: str) -> str:
    """The language of the first text that shows one; English if none does."""
    language = language_of(*texts) or FALLBACK
    return language if language in _tables() else FALLBACK


def words_of(text: str, language: str) -> list[str]:
    """Stems of the words that say something."""
    empty = _words(language).empty
    return [word for word in content_words(_plain(text, language)) if word not in empty]


def named(text: str, language: str) -> list[str]:
    """Those of the stems that name what a text is about: "how long does it take" has none."""
    little = _words(language).little
    return [word for word in words_of(text, language) if word not in little]


def names_in(text: str, language: str) -> list[str]:
    """The words by which a text names what it is about, as they stand there."""
    plain = _PSEUDONYM.sub(" ", _plain(text, language))
    return [word for word in _WORD.findall(plain) if named(word, language)]


def proper_names_in(text: str, language: str) -> list[str]:
    """Words with a capital inside a sentence, or more than one; none in German, where every noun has one."""
    if language == "de":
        return []
    return [found for found in _PROPER.findall(_PSEUDONYM.sub(" ", text)) if named(found, language)]


def points(question: str, language: str) -> bool:
    """Whether a word in it may stand for what was said."""
    words = _words(language)
    text = words.fixed.sub(" ", _plain(question, language))
    return bool(words.points.search(text) or words.weak.search(text))


def leans(question: str, language: str) -> bool:
    """Whether a question names too little to be searched for alone."""
    words, own = _words(language), len(named(question, language))
    text = words.fixed.sub(" ", _plain(question, language))
    if own == 0:
        return True
    if words.points.search(text) and own <= POINTING:
        return True
    if words.weak.search(text) and own <= 1:
        return True
    opened = words.opens.match(_BEFORE.sub("", text))
    if opened is None or own > FEW_WORDS:
        return False
    rest = _BEFORE.sub("", text)[opened.end() :].split()
    whole = bool(rest) and rest[0].strip(",").lower() in words.asks
    return not whole or own == 1 or words.weak.search(text) is not None


def _plain(text: str, language: str) -> str:
    return text if language == "en" else _APOSTROPHE.sub(" ", text)


@cache
def _words(language: str) -> _Words:
    table = _tables()[language]
    weak = "|".join(table["weak"].split())
    ends = "|".join(table["ends"].split())
    return _Words(
        opens=re.compile(rf"(?:{table['opens']})\b", re.IGNORECASE),
        asks=frozenset(table["asks"].split()),
        points=re.compile(rf"\b(?:{'|'.join(table['points'].split())})\b", re.IGNORECASE),
        weak=re.compile(rf"\b(?:{weak})\b|\b(?:{ends})\b(?=\W*$)", re.IGNORECASE),
        fixed=re.compile(rf"\b(?:{table['fixed'] or '(?!)'})\b", re.IGNORECASE),
        empty=frozenset(content_words(table["empty"])),
        little=frozenset(content_words(table["little"])) | _TALK,
    )


@cache
def _tables() -> dict[str, dict[str, str]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
