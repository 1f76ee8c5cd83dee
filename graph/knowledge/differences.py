"""What a claim changes of a piece of a passage that speaks of the same."""

import re
from collections.abc import Sequence

from graph.knowledge.claims import exchanged, names, other_object, parts
from graph.knowledge.dates import is_calendar
from graph.knowledge.denials import denied, denies, nearly
from graph.knowledge.evidence import Piece
from graph.knowledge.figures import quantities, same_quantities
from graph.knowledge.opposites import beyond, reversals
from graph.knowledge.units import is_unit, kind_of
from graph.knowledge.words import content_words

_PRONOUN = r"(?!(?i:you|we|it|they|this|that|these|those|if|when|to)\b)"
_EXCEPTION = re.compile(
    r",?\s+(?:unless|except(?:\s+(?:if|when|for|on))?|es sei denn|außer|ausgenommen|sauf|excepté|à moins qu[e’']|salvo|"
    r"excepto|a menos que|tranne|eccetto|a meno che|tenzij|behalve|exceto)\s+(?P<of>[^.;,]+)",
    re.IGNORECASE,
)
_TELLING = re.compile(r"\w*\d\w*|\w{4,}")
_OWN_SUBJECT = re.compile(
    rf"^{_PRONOUN}[A-Z]|^;\s*{_PRONOUN}|^[\s,:–—]*(?:(?i:and|but|whereas|while|or)\s+)?"
    r"(?i:the|an?|all|both|each|every|other|our|your)\b"
)


def difference(claim: str, piece: Piece, known: str) -> str:
    """What a claim changes of a piece that speaks of the same; empty if nothing.

    Args:
        claim: with its figures as `graph.knowledge.figures.canonical` writes them, in the piece's language.
        known: names beside the piece's own.
    """
    whole, language = piece.whole, piece.language
    if not same_quantities(claim, whole, language):
        return "a figure that the passage does not have"
    if _of_another_clause(claim, piece.text, language):
        return "a figure that the passage gives for another"
    seen = in_small_letters(f"{whole} {known}")
    if not all(is_calendar(name) or named(name, seen) for name in names(claim)):
        return "a name that the passage does not have"
    if strong := beyond(claim, whole, language):
        return f"{strong}: the passage does not say so"
    if exchanged(claim, piece.text) or other_object(claim, piece.text):
        return "the passage says it of another"
    if _other_subject(claim, piece.text, language):
        return "the passage says it of another"
    return next(
        (found for part in _judged(claim, piece.text) if (found := _opposed(part, claim, piece.text, language))), ""
    )


def _judged(claim: str, text: str) -> list[str]:
    """The clauses of a claim, or all of it where the piece has one only: "goods that are open" is no clause there."""
    return parts(claim) if len(parts(text)) > 1 else [claim]


def _opposed(claim: str, sentence: str, text: str, language: str) -> str:
    """Whether a clause affirms what a piece denies, or the other way round, or says an opposite word; how, if so."""
    excepted = _EXCEPTION.search(sentence) is not None and _EXCEPTION.search(claim) is None
    text = without_exception(text, claim if excepted else sentence)
    clauses = parts(text)
    source = _closest(claim, clauses, language)
    if not set(content_words(claim)) & set(content_words(text)):
        return ""
    mine, theirs = denies(claim, language), denies(source, language)
    if mine and theirs and nearly(claim, language) != nearly(source, language):
        return "the passage says it of more or of fewer"
    return "the passage says the opposite" if _turned(claim, text, clauses, source, language) else ""


def _turned(claim: str, text: str, clauses: Sequence[str], source: str, language: str) -> bool:
    reversed_ = reversals(claim, text, source, language) % 2 == 1
    unlike = denies(claim, language) != denies(source, language)
    mine, theirs = denied(claim, language), denied(text, language)
    if len({denies(clause, language) for clause in clauses}) == 1:
        return reversed_ != unlike
    if reversed_ and not unlike:
        return True
    having = [clause for clause in clauses if mine & set(content_words(clause))]
    if mine and having and not mine & theirs:
        return not denies(_closest(claim, having, language, alike=0), language)
    return (
        not denies(claim, language)
        and not reversed_
        and bool(theirs & set(content_words(claim)))
        and not any(theirs & set(content_words(clause)) for clause in clauses if not denies(clause, language))
    )


def without_exception(text: str, claim: str) -> str:
    """A piece without its "unless …" and "except …" where a claim says nothing of that.

    Such an exception turns what it is one of, so it may not make up for what the claim turns itself.
    """
    said = set(_TELLING.findall(claim.lower()))
    return _EXCEPTION.sub(lambda found: found[0] if said & set(_TELLING.findall(found["of"].lower())) else "", text)


def _other_subject(claim: str, text: str, language: str) -> bool:
    """Whether a claim gives one thing of a piece what the piece says of another.

    "The fern likes shade; the cactus needs full sun" has no sun for the fern.
    """
    clauses = [clause for clause in parts(text) if _OWN_SUBJECT.match(clause)]
    if len(clauses) < 2:
        return False
    words = set(content_words(claim))
    stems = [content_words(clause) for clause in clauses]
    for at, own in enumerate(stems):
        elsewhere = set().union(*(stem for place, stem in enumerate(stems) if place != at))
        subject_missing = bool(own) and own[0] not in words and own[0] not in elsewhere
        taken = (set(own) - elsewhere) & words
        if not subject_missing or not taken:
            continue
        for place, other in enumerate(stems):
            fits = any(quantity in quantities(clauses[place], language) for quantity in quantities(claim, language))
            if place != at and other and other[0] in words and other[0] not in own and not fits:
                return True
    return False


def _of_another_clause(claim: str, text: str, language: str) -> bool:
    """Whether a figure stands in a clause about something that the claim does not name, beside one about what it does.

    "The juniper gate closes at 9 pm, the maple gate at 6 pm" gives no 6 pm for the juniper gate.
    """
    clauses = parts(text)
    if len(clauses) == 1:
        return False
    words = _things(claim)
    stems = [_things(clause) for clause in clauses]
    for quantity in quantities(claim, language):
        having = [at for at, clause in enumerate(clauses) if quantity in quantities(clause, language)]
        if len(having) != 1:
            continue
        own = stems[having[0]] - set().union(*(stem for at, stem in enumerate(stems) if at not in having))
        for at, clause in enumerate(clauses):
            if at in having or not (stems[at] - stems[having[0]]) & words:
                continue
            rivals = quantities(clause, language) - quantities(claim, language)
            if own - words and any(kind_of(rival.unit) == kind_of(quantity.unit) for rival in rivals):
                return True
    return False


def _things(text: str) -> set[str]:
    return {word for word in content_words(text) if not word.isdigit() and not is_unit(word)}


def _closest(claim: str, clauses: Sequence[str], language: str, *, alike: float = 0.5) -> str:
    """The clause of a piece that a claim is about; of two, the one that is as much a denial as the claim."""
    words = set(content_words(claim))
    return max(
        clauses,
        key=lambda part: (
            len(words & set(content_words(part))) + alike * (denies(part, language) == denies(claim, language))
        ),
    )


def in_small_letters(text: str) -> str:
    """A text as names are looked for in it."""
    return text.lower().replace("’", "'")


def named(name: str, seen: str) -> bool:
    """Whether a text in small letters has a name: code to the letter, a label or a word by its words."""
    if name.startswith("`"):
        return name.strip("` ") in seen
    return name in seen or (
        bool(content_words(name)) and " > " not in name and set(content_words(name)) <= set(content_words(seen))
    )
