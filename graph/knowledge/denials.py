"""What a clause denies, in each language: outright ("not", "ohne") or nearly ("rarely", "kaum")."""

import re
from functools import cache, lru_cache

from graph.knowledge.words import content_words

_WORD = re.compile(r"[^\W_]+(?:['’]\w+)?")


def _doubled(first: str, second: str) -> str:
    """A denial of two words ("ne … jamais"), which is one denial; the second may be missing."""
    return rf"{first}(?:[^.;:!?]{{0,40}}?\b(?:{second})\b)?"


_OUTRIGHT = {
    "en": r"\b(?:not|no|never|none|nobody|nothing|neither|without|unchanged|unaffected|prevents?|preventing|cannot|"
    r"unless|except|unable|non|\w+n['’]t|isnt|dont|cant|wont|doesnt)\b",
    "de": r"\b(?:nicht|nie|niemals|kein(?:e[rsnm]?)?|nichts|niemand(?:em|en)?|ohne|weder|nirgends|keinesfalls|"
    r"keineswegs|es sei denn|außer)\b",
    "fr": _doubled(r"\b(?:ne\b|n['’](?=\w))", "pas|jamais|plus|rien|aucune?|personne|ni|point")
    + r"|\b(?:pas|jamais|aucune?|sans|sauf|non|ni|à moins que|à moins de)\b",
    "es": _doubled(r"\bno\b", "nunca|jamás|nada|nadie|ningún|ningun[ao]s?|ni|tampoco")
    + r"|\b(?:nunca|jamás|nadie|ningún|ningun[ao]s?|tampoco|sin|ni|salvo|excepto|a menos que)\b",
    "it": _doubled(r"\bnon\b", "mai|nessun[oa]?|niente|nulla|né|neanche")
    + r"|\b(?:mai|nessun[oa]?|senza|né|tranne|eccetto|a meno che)\b",
    "nl": r"\b(?:niet|nooit|geen|niets|niemand|zonder|noch|nergens|tenzij|behalve)\b",
    "pt": _doubled(r"\bnão\b", "nunca|jamais|nada|ninguém|nenhum[ao]?s?|nem")
    + r"|\b(?:nunca|jamais|ninguém|nenhum[ao]?s?|sem|nem|exceto|a menos que)\b",
}
_NEARLY = {
    "en": r"hardly ever|hardly|scarcely|barely|rarely|seldom|almost never|almost no|not many|not often|only a few|"
    r"only rarely|(?<!a )(?<!the )few(?! (?:days|minutes|hours|seconds|weeks|clicks|steps))",
    "de": r"kaum|selten|fast nie|fast kein\w*|nicht oft|nicht viele|nur wenige|(?<!ein )(?<!die )wenige",
    "fr": r"rarement|presque jamais|à peine|guère|peu de|peu souvent",
    "es": r"rara vez|raramente|casi nunca|apenas|pocas veces|poc[oa]s",
    "it": r"raramente|di rado|quasi mai|a malapena|poch[ie]",
    "nl": r"zelden|nauwelijks|bijna nooit|bijna geen|weinig",
    "pt": r"raramente|quase nunca|dificilmente|mal|pouc[oa]s",
}
_NO_DENIAL = {
    "en": r"\b(?:not only|no(?:t)? (?:more|less|later|longer) than|(?:do|does|did)(?:n['’]t| not) (?:have|need) to|"
    r"no need to|neednt|need not|nothing else|no one else|nobody else|no matter|"
    r"(?:pays?|costs?|charged) nothing)\b|\bwithout (?:losing|problems?)\b",
    "de": r"\b(?:nicht nur|nicht mehr als|nicht später als|kein problem|ohne weiteres|"
    r"(?:kostet|kosten|zahlen|zahlt) nichts)\b",
    "fr": r"\b(?:non seulement|pas plus de|pas seulement)\b|\bn['’]importe\b|"
    r"\b(?:ne|n['’])(?=[^.;:!?]{0,30}\b(?:que|qu['’]))"
    r"(?![^.;:!?]{0,30}\b(?:pas|jamais|plus|rien|aucune?)\b)",
    "es": r"\b(?:no s[oó]lo|no más de|no solamente|sin problemas?)\b",
    "it": r"\b(?:non solo|non più di|senza problemi)\b",
    "nl": r"\b(?:niet alleen|niet meer dan|zonder problemen|geen probleem)\b",
    "pt": r"\b(?:não só|não apenas|não mais de|sem problemas?)\b",
}
_AUXILIARY = frozenset(
    (  # noqa: SIM905 - as a list, it would take a line a word
        "a an the be been being is are was were to any longer yet it they you we he she they have has had have do does "
        "did of your my our their its this that these those can will would should must may "
    ).split()
)
_UNLIKE_PREFIXES = {
    "en": ("un", "non", "dis", "in", "im", "ir", "il"),
    "de": ("un", "nicht"),
    "fr": ("in", "im", "ir", "il", "non", "dé"),
    "es": ("in", "im", "ir", "i", "des"),
    "it": ("in", "im", "ir", "il", "dis", "s"),
    "nl": ("on", "niet"),
    "pt": ("in", "im", "ir", "i", "des", "não"),
}
_NO_PREFIX = frozenset(
    (  # noqa: SIM905 - as a list, it would take a line a word
        "inform informs information intent install installs input inside indoor indoors include invoice "
        "import imports income increase improve discount display displays discover dispatch dispense until "
        "under unit united interest impress insure instant unique union "
    ).split()
)
"""Words that begin like a denial and are none."""
_SHORTEST_STEM = 4


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """For a language what denies, nearly denies and only seems to; those of English for one that has none here."""
    language = language if language in _OUTRIGHT else "en"
    near = rf"\b(?:{_NEARLY[language]})\b"
    return (
        re.compile(rf"{near}|{_OUTRIGHT[language]}", re.IGNORECASE),
        re.compile(near, re.IGNORECASE),
        re.compile(_NO_DENIAL[language], re.IGNORECASE),
    )


@lru_cache(maxsize=8192)
def denies(text: str, language: str = "en") -> bool:
    """Whether a clause denies something: an odd number of denials."""
    return len(_denials(text, language)) % 2 == 1


def nearly(text: str, language: str = "en") -> bool:
    """Whether a clause says "hardly" or "few"."""
    return _patterns(language)[1].search(text) is not None


@lru_cache(maxsize=8192)
def denied(text: str, language: str = "en") -> frozenset[str]:
    """The words that the denials of a text stand before, as stems."""
    found: set[str] = set()
    for end in _denials(text, language):
        words = (word.lower() for word in _WORD.findall(text[end : end + 60]))
        first = next((word for word in words if word not in _AUXILIARY), "")
        found.update(content_words(first) or [first])
    return frozenset(found - {""})


def prefixed(one: str, other: str, language: str = "en") -> int:
    """How many words one text has with a denying prefix and the other without: "unused" against "used"."""
    first, second = _plain(one), _plain(other)
    return _undone(first, second, language) + _undone(second, first, language)


def _plain(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def _undone(having: frozenset[str], bare: frozenset[str], language: str) -> int:
    prefixes = _UNLIKE_PREFIXES.get(language, _UNLIKE_PREFIXES["en"])
    return sum(
        any(
            word.startswith(prefix)
            and len(word) - len(prefix) >= _SHORTEST_STEM
            and word.removeprefix(prefix) in bare
            and word.removeprefix(prefix) not in having
            for prefix in prefixes
        )
        for word in having - bare - _NO_PREFIX
    )


def _denials(text: str, language: str) -> list[int]:
    """Where the denials of a text end. "Neither … nor" is one of them."""
    outright, _, none = _patterns(language)
    text = none.sub(lambda found: "_" * len(found[0]), text)
    return [match.end() for match in outright.finditer(text)]
