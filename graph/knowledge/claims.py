"""What a statement commits itself to and may not change: names, roles, what stands behind a preposition."""

import re
from collections.abc import Callable
from functools import lru_cache

from graph.knowledge.words import content_words

_NAME = re.compile(
    r"`[^`\n]+`|\*\*[^*\n]+\*\*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b(?:/\S*)?"
)
_CAPITAL = re.compile(r"(?<![.!?:>\-*]\s)(?<!^)(?<!^[\"“(*])\b([A-Z][\w’']*|[a-z]+[A-Z]\w*)")
_INNER_CAPITAL = re.compile(r"\b([A-Z]+\w*[A-Z]\w*|[a-z]+[A-Z]\w*)")
_OBJECT = re.compile(
    r"\b(from|to|into|than|by)\s+(?:(?:the|an?|your|our|its|their|this|that)\s+)?([\w'’-]+)(?:\s+([\w'’-]+))?",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(r"\b(by|via|with|on|in|at|to|from|for|over|under)\b", re.IGNORECASE)
_PASSIVE = re.compile(
    r"\b(?:by|is|are|was|were|be|been|being|get|gets|von|ist|sind|wird|werden|wurden?|par|est|sont|été|por|es|son|"
    r"da|dal|dall[aeo]?|è|sono|viene|vengono|door|zijn|wordt|worden|é|são)\b",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"\s*;\s+|\s+[–—]\s+|,?\s+(?:and|but|whereas|while|because|which)\s+(?=\S)"
    r"|,\s+(?=(?:then|click|go|open|select|choose|find|enter|log|scroll|copy|paste|press|tap)\b)",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\s*[;:]\s+|\s+[–—]\s+|,\s+|,?\s+(?:and|but|whereas|while|because|which|who|that|so|although|though|unless|if|when)\s+(?=\S)",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def names(text: str) -> frozenset[str]:
    """What is written in one way only: code (with its backticks), bold labels, addresses, capitals in mid-sentence."""
    marked = _NAME.findall(text)
    rest = _NAME.sub(" ", text)
    capitals = [*_CAPITAL.findall(rest), *_INNER_CAPITAL.findall(rest)]
    return frozenset(
        name.strip("* ").lower().removesuffix("'s").removesuffix("’s")
        for name in (*marked, *capitals)
        if name not in ("I", "I'm", "If", "You", "The")
    )


def exchanged(claim: str, source: str) -> bool:
    """Whether the claim has what the source has, in exchanged roles ("from 3 to 2" for "from 2 to 3")."""
    said, there = _objects(claim), _objects(source)
    for preposition, objects in said.items():
        others = there.get(preposition)
        if others and not objects & others and preposition != "by":
            mine = {word for each in objects for word in each}
            theirs = {word for each in others for word in each}
            if mine - theirs and mine <= set(_plain(source)) and theirs <= set(_plain(claim)):
                return True
    if _PASSIVE.search(claim) or _PASSIVE.search(source) or "," in claim:
        return False
    spoken, written = content_words(claim), content_words(source)
    shared = [word for word in spoken if spoken.count(word) == written.count(word) == 1]
    places = {word: written.index(word) for word in shared}
    for at in range(1, len(shared) - 1):
        middle = places[shared[at]]
        before = any(places[word] > middle for word in shared[:at])
        after = any(places[word] < middle for word in shared[at + 1 :])
        if before and after:
            return True
    return False


def statements(sentence: str) -> list[str]:
    """What a sentence says, one thing after the other. A condition stays with what it is a condition of."""
    return _cut(sentence, _JOINT, lambda rest: len(content_words(rest)) >= 2)


def other_object(claim: str, source: str) -> str:
    """What the claim sets behind a word and a preposition where the source has something else ("sent by post")."""
    known = set(content_words(source))
    there = {(word, preposition): thing for word, preposition, thing in _behind(source)}
    for word, preposition, thing in _behind(claim):
        other = there.get((word, preposition))
        if other and other != thing and thing not in known and other not in content_words(claim):
            return thing
    return ""


def things_of(text: str) -> set[str]:
    """Stems of the words behind prepositions."""
    return {thing for _, _, thing in _behind(text)}


def _behind(text: str) -> list[tuple[str, str, str]]:
    """Stems of the words on both sides of a preposition: ("sent", "by", "post")."""
    return [
        (before[-1], match[1].lower(), after[0])
        for match in _PREPOSITION.finditer(text)
        if (before := content_words(text[: match.start()])) and (after := content_words(text[match.end() :][:60]))
    ]


def parts(sentence: str) -> list[str]:
    """The clauses of a sentence."""
    return _cut(sentence, _PART, lambda rest: len(rest.split()) >= 2)


def _cut(sentence: str, joint: re.Pattern[str], stands: Callable[[str], bool]) -> list[str]:
    """The sentence cut at the joints, behind which something stands by itself."""
    found: list[str] = []
    start = 0
    for cut in joint.finditer(sentence):
        piece, rest = sentence[start : cut.start()], sentence[cut.end() :]
        if len(content_words(piece)) >= 2 and stands(rest):
            found.append(piece)
            start = cut.start()
    return [*found, sentence[start:]]


def _objects(text: str) -> dict[str, set[tuple[str, ...]]]:
    found: dict[str, set[tuple[str, ...]]] = {}
    for preposition, first, second in _OBJECT.findall(text):
        pair = tuple(word.lower() for word in (first, second) if word and content_words(word))
        if pair:
            found.setdefault(preposition.lower(), set()).add(pair)
    return found


def _plain(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[\w'’-]+", text)]
