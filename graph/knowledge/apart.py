"""What keeps two questions apart however near they are in meaning: figures, names, denials, opposites, what is asked.

An encoder sees little difference between "enable" and "disable", or between 30 days and 90. What can be compared
exactly is compared exactly: it may keep two apart that ask for the same, but never the other way round.
"""

import re
from collections.abc import Iterable

from graph.knowledge.claims import exchanged, names
from graph.knowledge.denials import denies
from graph.knowledge.figures import quantities
from graph.knowledge.opposites import reversals
from graph.knowledge.words import content_words, figures


def _any_of(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_AUXILIARY = r"(?:is|are|was|were|am|do|does|did|can|could|will|would|should|shall|may|must|have|has)"
_INDIRECT = r"(?:know|tell me|see|check|find out|wonder|decide|choose|control|monitor|limit|specify|about|since|until)"
"""Before "when" and "who" where they ask: in "when I pay" and "people who pay" they do not."""
_KINDS = {
    "how often": _any_of(r"how (?:often|frequent(?:ly)?)"),
    "how many": _any_of(r"how many|number of|maximum|max|minimum|limits?(?= (?:on|for|of|to what))"),
    "price": _any_of(r"how much|costs?|prices?|pricing|fees?|charges?(?! my)|expensive|cheap(?:er)?"),
    "time": _any_of(
        rf"when(?= {_AUXILIARY}\b)|{_INDIRECT} when|"
        r"how (?:long|soon|quick(?:ly)?|fast|late|early)|what (?:time|day|date)|until|deadline"
    ),
    "why": _any_of(r"why|reasons?|how come|what for|causes?"),
    "who": re.compile(rf"(?:^\W*|[.,:;!?] |\b(?:and|{_INDIRECT}) )(?:who|whose|whom)\b", re.IGNORECASE),
    "where": _any_of(r"where"),
    "meaning": _any_of(
        r"what (?:is|are|was|were)"
        r"(?! the (?:best|easiest|simplest|fastest|quickest|right|proper) way| (?:my|the) options)"
        r"|what['’]s(?! the (?:best|easiest) way)|(?:what|which) does .{1,60} mean|meaning|definition|difference"
    ),
    "how": _any_of(r"how (?:do|can|could|should|would|to|does|did|is|are|might)|(?:way|ways|possible) (?:to|of|for)"),
    "whether": re.compile(
        r"^(?:\W*(?:hi|hello|hey|please)\W+)?(?:is|are|was|were|do|does|did|can|could|will|would|should|may|has|have|am)\b",
        re.IGNORECASE,
    ),
}
"""Kinds of questions. The first that fits is the question's; one that fits none tells of something."""
_TELLS = "tells"
_OF_THEIR_OWN = {"how often", "how many", "price", "time", "why", "who"}
"""What answers a question of such a kind answers no question of another."""
_SAME_KIND = frozenset({"why", _TELLS})
"""Whoever tells of a trouble asks why."""

_SAY_NOTHING = frozenset(content_words("way know possible tell please help want like need somehow able option"))
_SAYS_LITTLE = _any_of(
    r"(?:(?:do|does|did)(?:n['’]?t| not)|no longer|wan['’]?t) (?:really )?"
    r"(?:want|need|like|know|understand|remember|have any idea|see)"
    r"|(?:can['’]?t|cannot|can not|couldn['’]?t|could not|unable to|not able to) (?:seem to )?"
    r"(?:find|figure|locate|work|understand|remember|see|seem)"
    r"|not sure|no idea|wan['’]t|(?:any|no) ?(?:more|longer)|whether or not|or not|if not|don['’]?t mind|can['’]?t wait"
)
"""Denials about who asks, not about what they ask for: "I don't know how to …"."""
_MEAN_THE_SAME = tuple(
    frozenset(content_words(words))
    for words in (
        "delete remove erase",
        "change modify edit update alter adjust",
        "get receive obtain",
        "buy purchase",
        "fix repair solve resolve",
        "extra additional another",
        "undo revert reverse",
        "picture photo photograph image",
        "email mail e-mail",
        "phone telephone mobile cellphone",
        "begin start",
        "find locate",
        "include embed insert",
        "create make",
        "cost price",
        "arrive come",
        "stolen robbed",
        "permit allow",
        "terminate end stop",
        "teenager teen",
        "child children kid kids",
        "app application",
        "refund reimbursement",
        "turn switch",
        "work function",
    )
)
"""Words of which one may stand for another in a question without changing what is asked."""
_ONLY = _any_of(r"only|solely|except|exclusively")
_FREE = _any_of(r"free|no charge|no cost")
_OPPOSED = tuple(
    (_any_of(one), _any_of(other))
    for one, other in (
        (
            r"(?:turn|switch|log|sign|opt|check)\w* (?:\w+ ){0,3}(?:on|in)|(?:log|sign|opt)-?in",
            r"(?:turn|switch|log|sign|opt|check)\w* (?:\w+ ){0,3}(?:off|out)|(?:log|sign|opt)-?out",
        ),
        (r"hid(?:e|es|ing|den)", r"show(?:s|ing|n)?|unhid\w*|display\w*"),
        (
            r"open(?:s|ed|ing)?|creat\w+|start\w*|begin\w*|join\w*|restor\w+|recover\w*|keep\w*|activat\w+|renew\w*",
            r"clos(?:e|es|ed|ing)|delet\w+|cancel\w*|stop\w*|end(?:s|ed|ing)?|leav(?:e|es|ing)|archiv\w+|remov\w+"
            r"|deactivat\w+|eras\w+",
        ),
        (r"send(?:s|ing)?|sent|pay(?:s|ing)?|give|giving", r"receiv\w+|get(?:s|ting)? paid|take"),
        (
            r"max(?:imum)?|most|highest|largest|longest|biggest|latest|newest",
            r"min(?:imum)?|least|lowest|smallest|shortest|oldest|earliest",
        ),
        (
            r"increas\w+|rais\w+|more|higher|faster|bigger|larger|longer",
            r"decreas\w+|lower\w*|reduc\w+|less|fewer|slower|smaller|shorter",
        ),
        (
            r"(?:lock|block|follow|install|link|pin|friend|tag|assign|connect|encrypt|mut|publish|subscrib|freez)\w*",
            r"un(?:lock|block|follow|install|link|pin|friend|tag|assign|mut|publish|subscrib|freez)\w*"
            r"|decrypt\w*|disconnect\w*",
        ),
        (r"buy\w*|bought", r"sell\w*|sold"),
        (r"with", r"without"),
        (r"incoming|inbound", r"outgoing|outbound"),
        (r"show\w*|public\w*", r"privat\w*"),
        (r"lost|lose|losing", r"found"),
        (r"merg\w+", r"split\w*|separat\w+"),
        (r"personal|private", r"business|company|corporate"),
        (r"old", r"new"),
        (r"first", r"second|last"),
        (r"domestic|national|local", r"international|abroad|foreign"),
        (r"month(?:s|ly)?", r"year(?:s|ly)?|annual(?:ly)?|week(?:s|ly)?|dai?ly|days?"),
    )
)
_WITH_DIGITS = re.compile(r"\w*\d\w*")
_ABOUT_ONESELF = re.compile(r"i['’]\w+")
"""Has a capital wherever it stands, and names nothing."""
_SHARED = 0.5
"""In questions that share fewer of their words, the order of those tells nothing."""


def apart(one: str, other: str) -> str:
    """What keeps two questions apart, as a word or two; empty if nothing does. The same for both orders."""
    one, other = " ".join(one.split()), " ".join(other.split())
    first, second = kind(one), kind(other)
    kinds = {first, second}
    ordered = _shared(one, other) >= _SHARED
    found = {
        "figures": _figures(one) != _figures(other),
        "denial": denies(_SAYS_LITTLE.sub(" ", one)) != denies(_SAYS_LITTLE.sub(" ", other)),
        "names": _lacks(one.lower(), _names(other)) or _lacks(other.lower(), _names(one)),
        "opposite": _opposed(one, other),
        "roles": ordered and (exchanged(one, other) or exchanged(other, one)),
        "bounds": any(bool(bound.search(one)) != bool(bound.search(other)) for bound in (_ONLY, _FREE)),
        "qualifier": _narrowed(one, other),
        "word": _substituted(one, other),
        "kind": first != second
        and kinds != _SAME_KIND
        and (bool(kinds & _OF_THEIR_OWN) or kinds == {"meaning", "how"}),
    }
    return next((name for name, differs in found.items() if differs), "")


def kind(question: str) -> str:
    """What is asked: the time, the price, the way to do something, …."""
    return next((name for name, pattern in _KINDS.items() if pattern.search(question)), _TELLS)


def _figures(text: str) -> tuple[object, ...]:
    measured = {(each.number, "" if each.unit.startswith("~") else each.unit) for each in quantities(text)}
    return measured, figures(text), set(_WITH_DIGITS.findall(text.lower()))


def _names(text: str) -> Iterable[str]:
    return (name for name in names(text) if not _ABOUT_ONESELF.fullmatch(name))


def _shared(one: str, other: str) -> float:
    """Share of the words of both that stand in each."""
    first, second = set(content_words(one)), set(content_words(other))
    return len(first & second) / max(1, len(first | second))


def _lacks(text: str, called: Iterable[str]) -> bool:
    return any(name not in text for name in called)


def _narrowed(one: str, other: str) -> bool:
    """Whether one says all that the other says, and more: "a gift" and "a used gift"."""
    first, second = (set(content_words(text)) - _SAY_NOTHING for text in (one, other))
    return first < second or second < first


def _substituted(one: str, other: str) -> bool:
    """Whether they say the same but for one word, which is another: "the red lamp" and "the blue lamp".

    An encoder sees that both are colours. Only words that are known to mean the same pass.
    """
    first, second = ([word for word in content_words(text) if word not in _SAY_NOTHING] for text in (one, other))
    differ = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    return (
        len(first) == len(second)
        and len(differ) == 1
        and not any(differ[0][0] in g and differ[0][1] in g for g in _MEAN_THE_SAME)
    )


def _opposed(one: str, other: str) -> bool:
    if reversals(one, other, other) or reversals(other, one, one):
        return True
    for pair in _OPPOSED:
        said, there = (tuple(bool(side.search(text)) for side in pair) for text in (one, other))
        if sum(said) == 1 and said[::-1] == there:
            return True
    return False
