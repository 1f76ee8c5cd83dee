"""What a text says to those who read it otherwise than a person: decoded, uncovered, its letters brought together.

All work is bounded: of a long text the beginning and the end are looked at, and at most `VIEWS` readings come back.
"""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_plus

from graph.guards.lookalikes import LATIN

MOST_CHARS = 20_000
"""So much of a text is decoded: half from its beginning, half from its end."""
VIEWS = 8
DEPTH = 3
"""A text that was encoded so many times over is still read."""
LEAST_CHARS = 8
LEAST_BEGINNING = 16
"""So many readable characters at the beginning of unreadable bytes are no chance."""
LEAST_GAINED = 2
"""By so many common words more another alphabet must make a text English."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_TAGS = re.compile("[\U000e0020-\U000e007e]")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{2,7}\U000e007f")
_SELECTORS = re.compile("[\ufe00-\ufe0d\U000e0100-\U000e01ef]")
"""Variation selectors, each of which can stand for a byte; not the two that choose how an emoji looks."""
_MARK = r".\-_*|/,~·•‧・"
_SPACED = re.compile(rf"(?<![^\W_])(?:[^\W_](?: |[{_MARK}]{{1,3}})){{2,}}[^\W_](?![^\W_])")
_SEPARATOR = re.compile(rf"[ {_MARK}]")
_LONE = re.compile(rf"(?<=[^\W_])[{_MARK}](?=[^\W_])")
_WIDE = re.compile(rf" |[{_MARK}]{{2,}}")
_GAP = re.compile(r"\s{2,}")
_MARKS = re.compile("[\u0300-\u036f\u0489\u20d0-\u20ff]{2,}")
"""Heaps of accents, which hide the letter under them."""
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/_-]{4}\s?){3,}[A-Za-z0-9+/_-]{0,3}={0,2}(?![A-Za-z0-9+/=])")
_WRAPPED = re.compile(
    r"(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/_-]{8,200}[ \t\r]*\n[ \t]*){1,400}[A-Za-z0-9+/_-]{2,200}={0,2}"
    r"(?![A-Za-z0-9+/=])"
)
"""Lines of one word each, which may be one text in Base64 that was cut anywhere."""
_HEX = re.compile(r"(?:(?:\\x|0x|%)?[0-9a-fA-F]{2}[\s,:]?){10,}")
_HEX_MARK = re.compile(r"\\x|0x|[^0-9a-fA-F]")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,20});")
_COMMENTS = (("<!--", "-->"), ("/*", "*/"))
_TAG = re.compile(r"<[a-zA-Z/!][^<>]{0,2000}>")
_ATTRIBUTE = re.compile(
    r"\b(?:alt|title|content|value|aria-label|placeholder)\s?=\s?(?:\"([^\"]{8,2000})\"|'([^']{8,2000})')"
)
_MIXED = re.compile(r"[A-Za-z013457@$!|]{2,40}")
_DIGIT_LETTERS = str.maketrans("013457@$!|", "oieastasil")
_LATIN = re.compile("[A-Za-z]")
_WORD = re.compile(r"[a-z]+")
_SENTENCE = re.compile(r"[^.!?:;\n\"]+")
_COMMON = frozenset(
    """
    the and you your all are for with that this what not from have now say tell give show print write answer
    only it is me to of in any these those will must do be on as my act like no everything before above
    ignore disregard forget override bypass previous prior instruction instructions rule rules prompt system
    password secret reveal repeat output pretend mode developer admin assistant please question new task send
    user users data key code
    """.split()  # noqa: SIM905, a list of so many words is not read
)
"""By these words a reading is known as English, and as worth judging."""
_TELLING = frozenset(word for word in _COMMON if len(word) > 2)
"""Those that no other word becomes in rot13."""


def plain(text: str) -> str:
    """Return `text` as its reader sees it: no invisible characters, look-alike letters made Latin, gaps closed."""
    visible = _INVISIBLE.sub("", _MARKS.sub("", unicodedata.normalize("NFKC", text)))
    mixed = visible if visible.isascii() else re.sub(r"\w+", _latin, visible)
    joined = _SPACED.sub(_closed, mixed)
    return _GAP.sub(lambda gap: "\n" if "\n" in gap.group() else " ", joined)


def _latin(word: re.Match[str]) -> str:
    text = word.group()
    return text.translate(LATIN) if not text.isascii() and _LATIN.search(text) else text


def _closed(run: re.Match[str]) -> str:
    """Letters that stand apart, brought together. Where marks part them, spaces and heaps of marks part words."""
    text = run.group()
    if _LONE.search(text):
        text = " ".join(_WIDE.split(text))
        return re.sub(rf"[{_MARK}]", "", text)
    return _SEPARATOR.sub("", text)


def decoded(text: str) -> list[str]:
    """Return the readable texts that are hidden in `text`: at most `VIEWS`, all different."""
    if len(text) > MOST_CHARS:
        text = text[: MOST_CHARS // 2] + "\n" + text[-MOST_CHARS // 2 :]
    found: dict[str, None] = {}
    layer = [text]
    for _ in range(DEPTH):
        layer = list(dict.fromkeys(view for each in layer for view in _views(each) if view not in found))[:VIEWS]
        found.update(dict.fromkeys(layer))
    found.pop(text, None)
    return list(found)[:VIEWS]


def _views(text: str) -> Iterator[str]:
    for view in (*_tagged(text), *_runs(text), *_marked_up(text), *_replaced(text)):
        view = view.strip()
        if len(view) >= LEAST_CHARS and view != text:
            yield view


def _tagged(text: str) -> Iterator[str]:
    """What characters say that are never shown."""
    if text.isascii():
        return
    selectors = map(ord, _SELECTORS.findall(text))
    yield from _read(bytes, [code - (0xFE00 if code < 0xE0000 else 0xE0100 - 16) for code in selectors])
    yield "".join(chr(ord(tag) - 0xE0000) for tag in _TAGS.findall(_FLAG.sub("", text)))


def _runs(text: str) -> Iterator[str]:
    """Base64 and hexadecimal digits."""
    for run in [*_BASE64.findall(text)[:VIEWS], *_WRAPPED.findall(text)[:VIEWS]]:
        packed = re.sub(r"[\s=]", "", run)
        # Hyphens and underscores are two of the letters, or part the text.
        for letters in dict.fromkeys((packed.replace("-", "+").replace("_", "/"), re.sub("[-_]", "", packed))):
            yield from _read(base64.b64decode, letters + "=" * (-len(letters) % 4))
    for run in list(_HEX.findall(text))[:VIEWS]:
        digits = _HEX_MARK.sub("", run)
        yield from _read(bytes.fromhex, digits[: len(digits) // 2 * 2])


def _marked_up(text: str) -> Iterator[str]:
    """Comments, attributes, and what is left when marks are taken off."""
    shown = text
    for opening, closing in _COMMENTS:
        pieces = shown.split(opening, VIEWS)
        comments = [piece.partition(closing) for piece in pieces[1:]]
        yield from (inner for inner, _, _ in comments)
        shown = pieces[0] + "".join(after for _, _, after in comments)
    if "<" in shown:
        for double, single in _ATTRIBUTE.findall(shown)[:VIEWS]:
            yield double or single
        shown = _TAG.sub("", shown)
    yield _GAP.sub(" ", shown)


def _replaced(text: str) -> Iterator[str]:
    """The whole text, read by another alphabet."""
    if _ENTITY.search(text):
        yield html.unescape(text)
    if len(_PERCENT.findall(text)) >= 2:
        yield unquote_plus(text, errors="ignore")
    if _ESCAPED.search(text):
        yield _ESCAPED.sub(lambda code: chr(int(code.group(1), 16)), text).encode("utf-8", "ignore").decode()
    yield from _rotated(text)
    as_written = english(text)
    if english(text[::-1]) >= max(2, 2 * as_written):
        yield text[::-1]
    for other in (_MIXED.sub(_letters, text), "" if text.isascii() else text.translate(LATIN)):
        if english(other) >= as_written + LEAST_GAINED:
            yield other


def _rotated(text: str) -> Iterator[str]:
    """What a text says in rot13: as a whole, and what stands so between clear words."""
    turned = codecs.encode(text, "rot13")
    if len(_turned_words(turned)) < LEAST_GAINED:
        return
    yield turned
    hidden = [each for each in _SENTENCE.findall(turned) if len(_turned_words(each)) >= LEAST_GAINED]
    for sentence in hidden[:VIEWS]:
        places = [word for word in _WORD.finditer(sentence.lower()) if word.group() in _TELLING]
        yield sentence[places[0].start() : places[-1].end()]
        yield sentence


def _turned_words(text: str) -> frozenset[str]:
    return _TELLING.intersection(_WORD.findall(text[:MOST_CHARS].lower()))


def _letters(word: re.Match[str]) -> str:
    """A word in which digits stand for letters, as in `1gn0r3`."""
    text = word.group()
    return text.translate(_DIGIT_LETTERS) if _LATIN.search(text) else text


def english(text: str) -> int:
    """How many different common words there are in the first `MOST_CHARS` characters."""
    return len(_COMMON.intersection(_WORD.findall(text[:MOST_CHARS].lower())))


def _read(decode: Callable[[Any], bytes], run: object) -> Iterator[str]:
    try:
        inner = _text_of(decode(run))
    except (binascii.Error, ValueError):
        return
    if " " in inner or _BASE64.fullmatch(inner):
        yield inner


def _text_of(data: bytes) -> str:
    """The readable text that bytes are or begin with, in UTF-8 or UTF-16; empty if they do not."""
    try:
        text, whole = data.decode(_encoding_of(data)), True
    except UnicodeDecodeError as error:
        text, whole = data[: error.start].decode(error.encoding, "ignore"), False
    end = next((at for at, mark in enumerate(text) if not (mark.isprintable() or mark in "\n\r\t")), len(text))
    return text[:end] if end >= LEAST_BEGINNING or (whole and end == len(text)) else ""


def _encoding_of(data: bytes) -> str:
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    low, high = data[1::2].count(0), data[::2].count(0)
    if max(low, high) * 4 < len(data):
        return "utf-8"
    return "utf-16-le" if low > high else "utf-16-be"
