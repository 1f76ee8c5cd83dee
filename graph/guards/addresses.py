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
_GERMANIC_STREET = (
    r"(?:straße|strasse|str\.|allee|gasse|platz|weg|ring|straat|laan|plein|gracht|kade|steeg|hof|singel|boulevard"
    r"|dreef|baan)"
)
_NORTHERN_STREET = r"(?:vej|vejen|vägen|gatan|gade|gata|veien|vegen|katu|stræti|braut|ulica|ulice|utca)"
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
_NORTHERN = re.compile(
    r"(?<!\w)(?:\d{1,4} )?(?:[A-ZÀ-ÞŠŽČ]\w{1,25} ){0,2}[A-ZÀ-ÞŠŽČ]\w{0,25}"
    rf"{_NORTHERN_STREET}\b(?: \d{{1,4}})?"
)
_FRENCH = re.compile(
    rf"(?<!\w)\d{{1,4}}(?: ?bis)?,? {_FRENCH_STREET} [\w'’-]{{1,25}}(?: [\w'’-]{{1,25}}){{0,3}}{_TAIL}", _I
)
_SOUTHERN = re.compile(
    rf"(?<!\w){_SOUTHERN_STREET} (?:{_WORD} ){{0,4}}?{_WORD},? (?:n[º°.]? ?)?\d{{1,4}}\b"
    rf"(?:,? \d{{1,3}} ?[ºª]?\w{{0,8}})?{_TAIL}",
    _I,
)
_BOX = re.compile(rf"(?<!\w)(?:p\.? ?o\.? box|postfach|apartado|bo[iî]te postale) \d{{1,6}}\b{_TAIL}", _I)

_CUES = (
    r"(?:address(?: is| to| to the same)?:?|lives at|live at|(?:deliver|ship|send|sent)(?: (?:it|this|them))? to"
    r"|dirección(?: de envío)?(?: correcta)?(?: es)?:?|adresse(?: ist| est)?:?|livrez(?: plutôt)? à|spedite a"
    r"|enviem para|stuur het naar|liefern sie(?: bitte)? (?:an|nach)|indirizzo(?: è)?:?"
    r"|adres(?: is)?:?|endereço(?: é)?:?)"
)
# A house number or a postcode beside a capitalised word, up to the end of the sentence.
_ANNOUNCED = re.compile(
    rf"\b{_CUES}\s{{1,3}}((?=[^?!;\n]{{0,60}}(?<!\w)\d{{1,5}}[a-z]?(?!\w))(?=[^?!;\n]{{0,40}}[^\W\d_]{{3}})"
    r"[^?!;\n]{6,110}?(?=[?!;]|\.\s|\.?$|\n|,?\s(?:but|and|please|instead|which)\b))",
    _I | re.MULTILINE,
)

ADDRESSES = (
    _ANNOUNCED, _AMERICAN, _NUMBER_STREET, _BRITISH, _BRITISH_POSTCODE, _GERMANIC, _NORTHERN, _FRENCH, _SOUTHERN, _BOX,
)  # fmt: skip
"""Patterns whose last group or, without one, whose whole match is an address."""
