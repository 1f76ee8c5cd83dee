"""What a statement commits itself to and may not change: names, denials, bounds, strong words, order."""

import re
from collections.abc import Callable
from functools import lru_cache

from graph.knowledge.words import content_words

_WORD = re.compile(r"[^\W_]+(?:['’]\w+)?")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|without|unchanged|unaffected|prevents?|preventing|cannot|unless|unable|"
    r"\w+n['’]t|isnt|dont|cant|wont|doesnt)\b",
    re.IGNORECASE,
)
_AUXILIARY = frozenset(
    (  # noqa: SIM905 - as a list, it would take a line a word
        "a an the be been being is are was were to any longer yet it they you we he she has have had do does "
        "did of your my our their its this that these those can will would should must may "
    ).split()
)
_NO_DENIAL = re.compile(
    r"\b(?:not only|no(?:t)? (?:more|less|later|longer) than|(?:do|does|did)(?:n['’]t| not) (?:have|need) to|"
    r"no need to|"
    r"neednt|need not|nothing else|no one else|nobody else|no matter|"
    r"(?:pays?|costs?|charged) nothing)\b|\bwithout (?:losing|problems?)\b",
    re.IGNORECASE,
)

_KINDS: dict[str, str] = {
    "only": r"only|exclusively|solely|nobody else|no one else|nothing else|sole",
    "always": r"always|every time|at any time|any ?time|whenever|24/7|around the clock",
    "nobody": r"(?<!if )(?<!unless )(?:nobody|no one)",
    "all": r"all|everyone|everybody|anyone|everything|unlimited|entire|every(?! (?:\d|time|second|minute|hour|day|week|"
    r"month|year|night|one|two|three|four|five|six|ten|fifteen))",
    "at once": r"immediately|instantly|at once|right away|straight away|instant",
    "free": r"free|no charge|without charge|(?:pays?|costs?|charged) nothing|no fees?|no costs?|complimentary",
    "even if": r"even if|even when|regardless|no matter",
    "guaranteed": r"guaranteed?|guarantees",
}
_ASKED_OF_SOURCE = {name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for name, pattern in _KINDS.items()}
_OPPOSITES: tuple[tuple[str, str], ...] = (
    (r"up to|at most|no more than|maximum|until(?= \d)|within(?= \d)", r"at least|no less than|minimum|or more"),
    (r"above|over(?= \d)|more than|exceed\w*|older|beyond|higher|greater|rises?",
     r"below|under(?= \d)|less than|fewer than|younger|lower|falls?|drops?"),
    (r"before|prior to|ahead of", r"after|afterwards|following"),
    (r"more(?! than)", r"(?:less|fewer)(?! than)"),
    (r"enabled?|enables|enabling|on(?=[,.;]|$)", r"disabled?|disables|disabling|off(?=[,.;]|$)"),
    (r"open", r"closed"),
    (r"allow(?:s|ed)?|permitted", r"forbid(?:s|den)?|prohibit(?:s|ed)?|disallow(?:s|ed)?"),
    (r"accept(?:s|ed)?", r"reject(?:s|ed)?|refuse[sd]?|decline[sd]?"),
    (r"include[sd]?|included|including", r"exclude[sd]?|excluding|separately"),
    (r"public(?:ly)?", r"private(?:ly)?"),
    (r"start(?:s|ed)?|begin(?:s)?", r"stop(?:s|ped)?|end(?:s|ed)?"),
    (r"increase[sd]?|raise[sd]?|grow(?:s)?", r"decrease[sd]?|reduce[sd]?|shrink(?:s)?"),
    (r"morning", r"evening"),
    (r"add(?:s|ed|ing)?", r"remove[sd]?|removing"),
    (r"upload(?:s|ed)?", r"download(?:s|ed)?"),
    (r"import(?:s|ed)?", r"export(?:s|ed)?"),
    (r"upgrade[sd]?|upgrading", r"downgrade[sd]?|downgrading"),
    (r"weekdays?", r"weekends?"),
    (r"winter", r"summer"),
    (r"first", r"last"),
    (r"valid", r"invalid|expired"),
    (r"possible", r"impossible"),
    (r"online", r"offline"),
    (r"kept|keeps?|stays?|remains?|retained?", r"deleted?|deletes|removed?|erased?"),
)  # fmt: skip
_OPPOSED = tuple(
    (re.compile(rf"\b(?:{one})\b", re.IGNORECASE), re.compile(rf"\b(?:{other})\b", re.IGNORECASE))
    for one, other in _OPPOSITES
)

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
_PASSIVE = re.compile(r"\b(?:by|is|are|was|were|be|been|being|get|gets)\b", re.IGNORECASE)
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


def denies(text: str) -> bool:
    """Whether a clause denies something: an odd number of denials."""
    return len(_denials(text)) % 2 == 1


def denied(text: str) -> frozenset[str]:
    """The words that the denials of a text stand before, as stems."""
    found: set[str] = set()
    for end in _denials(text):
        words = (word.lower() for word in _WORD.findall(text[end : end + 60]))
        first = next((word for word in words if word not in _AUXILIARY), "")
        found.update(content_words(first) or [first])
    return frozenset(found - {""})


def _denials(text: str) -> list[int]:
    """Where the denials of a text end. "Neither … nor" is one of them."""
    text = _NO_DENIAL.sub(lambda found: "_" * len(found[0]), text)
    return [match.end() for match in _NEGATION.finditer(text)]


def beyond(claim: str, source: str) -> str:
    """Which strong word of the claim ("only", "always", "free") the source does not have; empty if there is none."""
    return next((name for name, kind in _ASKED_OF_SOURCE.items() if kind.search(claim) and not kind.search(source)), "")


def reversals(claim: str, piece: str, clause: str) -> int:
    """How often the claim says the opposite word of what a piece says ("before" for "after").

    Args:
        clause: the one of the piece that the claim is about, for pieces that say both.
    """
    count = 0
    for pair in _OPPOSED:
        said, there, near = (tuple(bool(side.search(text)) for side in pair) for text in (claim, piece, clause))
        count += sum(said) == 1 and said[::-1] in (there, near)
    return count


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
