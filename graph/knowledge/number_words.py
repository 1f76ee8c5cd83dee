"""The number words of each language, as `graph.knowledge.numerals` reads them: case-folded, without accents."""

from collections.abc import Mapping


def _listed(words: str, start: int = 0, step: int = 1) -> dict[str, int]:
    return {word: start + step * at for at, word in enumerate(words.split())}


_SMALL = {
    "en": _listed(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    ),
    "de": _listed(
        "null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn "
        "siebzehn achtzehn neunzehn"
    ),
    "fr": _listed("zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"),
    "es": _listed(
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete "
        "dieciocho diecinueve"
    ),
    "it": _listed(
        "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici "
        "diciassette diciotto diciannove"
    ),
    "nl": _listed(
        "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
        "achttien negentien"
    ),
    "pt": _listed(
        "zero um dois tres quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete "
        "dezoito dezenove"
    ),
}
_TENS = {
    "en": _listed("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10),
    "de": _listed("zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig", 20, 10),
    "fr": _listed("vingt trente quarante cinquante soixante septante huitante nonante", 20, 10),
    "es": _listed("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", 20, 10),
    "it": _listed("venti trenta quaranta cinquanta sessanta settanta ottanta novanta", 20, 10),
    "nl": _listed("twintig dertig veertig vijftig zestig zeventig tachtig negentig", 20, 10),
    "pt": _listed("vinte trinta quarenta cinquenta sessenta setenta oitenta noventa", 20, 10),
}
_VARIANTS: Mapping[str, Mapping[str, int]] = {
    "de": {"ein": 1, "zwo": 2},
    "fr": {"une": 1},
    "es": {"un": 1, "una": 1, "veintiun": 21, "veintiuna": 21},
    "it": {"un": 1, "una": 1},
    "pt": {"uma": 1, "duas": 2, "quatorze": 14, "dezasseis": 16, "dezassete": 17, "dezanove": 19},
}
HUNDREDS: Mapping[str, Mapping[str, int]] = {
    "es": {
        "cien": 100,
        "ciento": 100,
        "quinientos": 500,
        "quinientas": 500,
        "setecientos": 700,
        "setecientas": 700,
        "novecientos": 900,
        "novecientas": 900,
        **{
            f"{stem}cient{ending}": value
            for stem, value in (("dos", 200), ("tres", 300), ("cuatro", 400), ("seis", 600), ("ocho", 800))
            for ending in ("os", "as")
        },
    },
    "pt": {
        "cem": 100,
        "cento": 100,
        **{
            f"{stem}{ending}": value
            for stem, value in (
                ("duzent", 200),
                ("trezent", 300),
                ("quatrocent", 400),
                ("quinhent", 500),
                ("seiscent", 600),
                ("setecent", 700),
                ("oitocent", 800),
                ("novecent", 900),
            )
            for ending in ("os", "as")
        },
    },
}
"""Hundreds that are words of their own."""
_MILLION, _MILLIARD, _BILLION = 10**6, 10**9, 10**12
SCALES: Mapping[str, Mapping[str, int]] = {
    "en": {
        "hundred": 100,
        "thousand": 1000,
        "million": _MILLION,
        "mn": _MILLION,
        "billion": _MILLIARD,
        "bn": _MILLIARD,
        "trillion": _BILLION,
    },
    "de": {
        "tausend": 1000,
        "tsd": 1000,
        **dict.fromkeys(("million", "millionen", "mio"), _MILLION),
        **dict.fromkeys(("milliarde", "milliarden", "mrd"), _MILLIARD),
        **dict.fromkeys(("billion", "billionen"), _BILLION),
    },
    "fr": {
        "cent": 100,
        "cents": 100,
        "mille": 1000,
        **dict.fromkeys(("million", "millions"), _MILLION),
        **dict.fromkeys(("milliard", "milliards", "mrd"), _MILLIARD),
        **dict.fromkeys(("billion", "billions"), _BILLION),
    },
    "es": {
        "mil": 1000,
        **dict.fromkeys(("millon", "millones"), _MILLION),
        **dict.fromkeys(("millardo", "millardos"), _MILLIARD),
        **dict.fromkeys(("billon", "billones"), _BILLION),
    },
    "it": {
        "mila": 1000,
        "mille": 1000,
        **dict.fromkeys(("milione", "milioni", "mln"), _MILLION),
        **dict.fromkeys(("miliardo", "miliardi", "mld"), _MILLIARD),
        **dict.fromkeys(("bilione", "bilioni"), _BILLION),
    },
    "nl": {
        "duizend": 1000,
        **dict.fromkeys(("miljoen", "mln"), _MILLION),
        **dict.fromkeys(("miljard", "mld"), _MILLIARD),
        "biljoen": _BILLION,
    },
    "pt": {
        "mil": 1000,
        **dict.fromkeys(("milhao", "milhoes"), _MILLION),
        **dict.fromkeys(("bilhao", "bilhoes"), _MILLIARD),
        **dict.fromkeys(("biliao", "bilioes"), _BILLION),
    },
}
"""Words that multiply what stands before them."""
MINUS = {
    "en": ("minus",),
    "de": ("minus",),
    "fr": ("moins",),
    "es": ("menos",),
    "it": ("meno",),
    "nl": ("min", "minus"),
    "pt": ("menos",),
}
TWICE = {
    "en": {"twice": 2, "thrice": 3},
    "de": {"zweimal": 2, "dreimal": 3, "viermal": 4, "funfmal": 5},
    "nl": {"tweemaal": 2, "driemaal": 3},
}
"""Words for so many times."""
_IRREGULAR = {
    "en": {2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth"},
    "de": {3: "dritt", 7: "siebt", 8: "acht"},
    "nl": {3: "derde", 8: "achtste"},
}
_GERMAN_ENDINGS = ("e", "en", "er", "es", "em")
ORDINALS: Mapping[str, Mapping[tuple[str, ...], int]] = {
    "en": {},
    "de": {},
    "fr": {("second",): 2, ("seconde",): 2},
    "nl": {},
    "es": {
        (f"{stem}{ending}",): value
        for stem, value in _listed("segund tercer cuart quint sext septim octav noven decim", 2).items()
        for ending in ("o", "a", "")
        if ending or stem == "tercer"
    },
    "it": {
        (f"{stem}{ending}",): value
        for stem, value in _listed("second terz quart quint sest settim ottav non decim", 2).items()
        for ending in "oa"
        if f"{stem}{ending}" not in ("nona", "nono")
    },
    "pt": {
        (f"{stem}{ending}",): value
        for stem, value in _listed("segund terceir quart quint sext setim oitav non decim", 2).items()
        for ending in "oa"
        if f"{stem}{ending}" not in ("nona", "nono")
    },
}
"""Ordinals that no rule makes of the cardinals."""
FIRST = {
    "en": ("first",),
    "de": tuple(f"erst{ending}" for ending in _GERMAN_ENDINGS),
    "fr": ("premier", "premiere"),
    "es": ("primer", "primero", "primera"),
    "it": ("primo", "prima"),
    "nl": ("eerste",),
    "pt": ("primeiro", "primeira"),
}
BEFORE_FIRST = frozenset(
    (  # noqa: SIM905 - as a list, it would take a line a word
        "the your our every each a der die das den dem le la el il de het o au du al na no "
    ).split()
)
NO_NOUN = frozenset(
    (  # noqa: SIM905 - as a list, it would take a line a word
        "the a an and or is are was of to for in on at by if when while that it you we they un una gia il la y e "
    ).split()
)
"""Behind "second" they show that it is a time, behind Italian "sei" that it is no six."""


def below_hundred(language: str) -> dict[tuple[str, ...], int]:
    """The cardinals to 99 of a language, each as its words."""
    small, tens = _SMALL[language], _TENS[language]
    found: dict[tuple[str, ...], int] = {
        (word,): value for word, value in {**small, **tens, **_VARIANTS.get(language, {})}.items()
    }
    ones = {word: value for word, value in {**small, **_VARIANTS.get(language, {})}.items() if 0 < value < 10}
    for ten, value in tens.items():
        for one, more in ones.items():
            found.update(dict.fromkeys(_compounds(language, ten, one), value + more))
    if language == "fr":
        found |= _french(small)
    return found


def _compounds(language: str, ten: str, one: str) -> list[tuple[str, ...]]:
    """How a ten and a one are set together."""
    if language == "de":
        return [(f"{one.removesuffix('s') if one == 'eins' else one}und{ten}",)]
    if language == "nl":
        return [(f"{one}en{ten}",)]
    if language == "it":
        vowel = one[0] in "uo"
        return [(f"{ten[:-1] if vowel else ten}{one}",)]
    if language == "es":
        return [(f"veinti{one}",)] if ten == "veinte" else [(ten, "y", one)]
    if language == "pt":
        return [(ten, "e", one)]
    if language == "fr":
        return [(ten, "et", one), (ten, one)]
    return [(ten, one)]


def _french(small: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    """What counts on from 10, 60 and 80."""
    found: dict[tuple[str, ...], int] = {("dix", word): 10 + value for word, value in small.items() if 7 <= value <= 9}
    teens: dict[tuple[str, ...], int] = {(word,): value for word, value in small.items() if 10 <= value <= 16} | found
    found |= {("soixante", *words): 60 + value for words, value in teens.items()}
    found |= {("soixante", "et", "onze"): 71, ("quatre", "vingts"): 80, ("quatre", "vingt"): 80}
    ones = {(word,): value for word, value in small.items() if 0 < value < 10} | teens
    return found | {("quatre", "vingt", *words): 80 + value for words, value in ones.items()}


def ordinals_from(language: str, cardinals: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    """The ordinals that a language makes of its cardinals, from 2 on."""
    found: dict[tuple[str, ...], int] = {}
    irregular = _IRREGULAR.get(language, {})
    for words, value in cardinals.items():
        if value < 2:
            continue
        head, last = words[:-1], words[-1]
        for word in _ordinal(language, last, value, irregular):
            found[*head, word] = value
    return found


def _ordinal(language: str, last: str, value: int, irregular: Mapping[int, str]) -> list[str]:
    """The last word of a cardinal as the end of an ordinal."""
    if language == "en":
        one = irregular.get(value if value < 20 else value % 10)
        if one and (value < 20 or value % 10):
            return [one]
        return (
            ["first"] if value > 20 and value % 10 == 1 else [f"{last.removesuffix('y')}{'ie' * last.endswith('y')}th"]
        )
    if language == "de":
        stem = irregular.get(value) or f"{last}{'t' if value < 20 else 'st'}"
        return [f"{stem}{ending}" for ending in _GERMAN_ENDINGS]
    if language == "fr":
        made = f"{last.removesuffix('e')}ieme"
        return [{"cinqieme": "cinquieme", "neufieme": "neuvieme"}.get(made, made)]
    if language == "nl":
        return [irregular.get(value) or f"{last}{'de' if value < 20 else 'ste'}"]
    return []


NUMERATORS = {language: {**_SMALL[language], **_VARIANTS.get(language, {})} for language in SCALES} | {
    "en": {**_SMALL["en"], "a": 1, "an": 1}
}


def _count(language: str) -> str:
    """A group for the number before a part: "two" of "two thirds"."""
    words = [word for word, value in NUMERATORS[language].items() if 0 < value < 10]
    return rf"\b(?:(?P<count>\d|{'|'.join(words)}|einem|einen|eines)[ -])?"


_NO_COUNT = r"(?P<count>(?!))?"
FRACTIONS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "en": (
        (rf"{_NO_COUNT}(?<!past )(?<!past-)(?<!and )(?<!and a )\b(?:one |a )?half(?!-| an?\b| past|\w)", 2),
        (rf"{_count('en')}\bthirds?(?= of\b)", 3),
        (r"\b(?P<count>two)[ -]thirds\b", 3),
        (rf"{_count('en')}\bquarters?(?= of\b)", 4),
        (r"\b(?P<count>three)[ -]quarters\b", 4),
        (rf"{_count('en')}\bfifths?(?= of\b)", 5),
        (rf"{_count('en')}\btenths?(?= of\b)", 10),
    ),
    "de": (
        (rf"{_NO_COUNT}\b(?:die )?hälfte\b", 2),
        (rf"{_NO_COUNT}\bhalbe[rsnm]?\b", 2),
        (rf"{_count('de')}\bdritteln?\b", 3),
        (rf"{_count('de')}\bvierteln?\b(?! nach| vor)", 4),
        (rf"{_count('de')}\bfünfteln?\b", 5),
        (rf"{_count('de')}\bzehnteln?\b", 10),
    ),
    "fr": (
        (rf"{_NO_COUNT}\b(?:la )?moitié\b", 2),
        (rf"{_count('fr')}\btiers\b", 3),
        (r"\b(?P<count>un|trois) quarts?\b", 4),
        (r"\b(?P<count>un|deux|trois|quatre) cinquièmes?\b", 5),
    ),
    "es": (
        (rf"{_NO_COUNT}\b(?:la )?mitad\b", 2),
        (rf"{_count('es')}\btercios?\b", 3),
        (r"\b(?P<count>un) cuarto(?= de (?:los|las|la|el)\b)", 4),
        (r"\b(?P<count>tres) cuartos\b", 4),
    ),
    "it": (
        (rf"{_NO_COUNT}\b(?:la )?metà\b", 2),
        (r"\b(?P<count>un|due) terz[oi]\b", 3),
        (r"\b(?P<count>un|tre) quart[oi]\b", 4),
    ),
    "nl": (
        (rf"{_NO_COUNT}\b(?:de )?helft\b", 2),
        (r"\b(?P<count>een|twee) ?derde\b", 3),
        (r"\b(?P<count>een|drie) ?kwart\b", 4),
    ),
    "pt": (
        (rf"{_NO_COUNT}\b(?:a )?metade\b", 2),
        (rf"{_count('pt')}\bterços?\b", 3),
        (r"\b(?P<count>três) quartos\b", 4),
    ),
}
"""Parts of a whole, with a group `count` of how many, and into how many parts it is cut. Tried in this order."""
DURATIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "en": ((r"\bhalf an hour\b|\bhalf-hour\b", "30 minutes"), (r"\ba quarter of an hour\b", "15 minutes")),
    "de": (
        (r"\bhalben? stunde\b", "30 Minuten"),
        (r"\bviertelstunde\b", "15 Minuten"),
        (r"\b(?:andert|einein)halb", "1.5"),
    ),
    "fr": ((r"\b(?:une )?demi-heure\b", "30 minutes"), (r"\b(?:un )?quart d['’]heure\b", "15 minutes")),
    "es": ((r"\bmedia hora\b", "30 minutos"), (r"\b(?:un )?cuarto de hora\b", "15 minutos")),
    "it": ((r"\bmezz['’]ora\b", "30 minuti"), (r"\b(?:un )?quarto d['’]ora\b", "15 minuti")),
    "nl": ((r"\b(?:een )?half uur\b", "30 minuten"), (r"\b(?:een )?kwartier\b", "15 minuten")),
    "pt": ((r"\bmeia hora\b", "30 minutos"), (r"\bum quarto de hora\b", "15 minutos")),
}
"""Times that are named by their part of an hour."""
