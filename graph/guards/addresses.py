"""What postal addresses look like: a number, a street word, often a postcode. Every repetition is bounded."""

import re

_I = re.IGNORECASE
_WORD = r"[\w'’.-]{1,25}"
_ZIP = r"(?:\d{5}(?:-\d{4})?|\d{4} ?[A-Z]{2}|\d{4}-\d{3}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4})\b"
_PLACE = r"(?-i:[A-ZÀ-Ý])[\w'’-]{1,25}(?: \([A-Z]{2}\))?"
_TAIL = rf"(?:(?:[,\s]{{1,3}}[\w'’.()-]{{1,25}}){{0,6}}?[,\s]{{1,3}}{_ZIP}(?:[,\s]{{1,2}}{_PLACE}){{0,2}})?"
_UNIT = r"(?:flat|apt\.?|apartment|suite|unit|studio)"

_ENGLISH_STREET = (
    r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|terrace|crescent|close|square|way"
    r"|place|parkway|highway)"
)
_GERMANIC_STREET = r"(?:straße|strasse|str\.|allee|gasse|platz|weg|ring|straat|laan|plein|gracht|kade|steeg|hof|singel)"
_FRENCH_STREET = r"(?:rue|avenue|boulevard|chemin|place|impasse|allée|quai)"
_SOUTHERN_STREET = (
    r"(?:via|viale|piazza|corso|vicolo|strada|borgo|rotonda|contrada|calle|c/|avenida|avda\.?|plaza|paseo|camino"
    r"|ronda|rua|alameda|praça|travessa|largo)"
)

_AMERICAN = re.compile(
    rf"(?<!\w)\d{{1,6}}[a-z]?,? (?:[a-z'.-]{{1,25}},? ){{1,3}}(?:{_UNIT} \d{{1,5}},? )?"
    rf"(?:{_WORD},? ){{0,3}}[A-Z]{{2}} \d{{5}}\b",
    _I,
)
_NUMBER_STREET = re.compile(
    rf"(?<!\w)(?:{_UNIT} \w{{1,8}},? )?\d{{1,6}}[a-z]?,? (?:[a-z'.-]{{1,25}} ){{1,3}}?{_ENGLISH_STREET}\b\.?{_TAIL}",
    _I,
)
_BRITISH = re.compile(
    rf"(?<!\w)(?:{_UNIT} \w{{1,8}},? )?\d{{1,5}}[a-z]?,?\s(?:[a-z'.-]{{1,25}},?\s{{1,2}}){{1,6}}"
    r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b",
    _I,
)
_BRITISH_POSTCODE = re.compile(
    r"(?<![\w-])(?:[A-Z][a-z'-]{1,25},?\s{1,2}){0,3}[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}(?![\w-])"
)
_GERMANIC = re.compile(
    rf"(?<!\w)(?:(?-i:[A-ZÄÖÜ])[\wäöüß.-]{{1,25}} ){{0,2}}[a-zäöüß.-]{{0,30}}{_GERMANIC_STREET} ?\d{{1,4}}[a-z]?"
    rf"(?:/\d{{1,4}})?\b{_TAIL}",
    _I,
)
_FRENCH = re.compile(
    rf"(?<!\w)\d{{1,4}}(?: ?bis)?,? {_FRENCH_STREET} [\w'’-]{{1,25}}(?: [\w'’-]{{1,25}}){{0,3}}{_TAIL}", _I
)
_SOUTHERN = re.compile(
    rf"(?<!\w){_SOUTHERN_STREET} (?:{_WORD} ){{0,4}}?{_WORD},? (?:n[º°.]? ?)?\d{{1,4}}\b(?:,? \d{{1,3}} ?[ºª]?\w{{0,8}})?"
    rf"{_TAIL}",
    _I,
)
_BOX = re.compile(rf"(?<!\w)(?:p\.? ?o\.? box|postfach|apartado|bo[iî]te postale) \d{{1,6}}\b{_TAIL}", _I)

ADDRESSES = (
    _AMERICAN, _NUMBER_STREET, _BRITISH, _BRITISH_POSTCODE, _GERMANIC, _FRENCH, _SOUTHERN, _BOX,
)  # fmt: skip
"""Patterns whose whole match is an address."""
