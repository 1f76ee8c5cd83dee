"""How a token that stands for personal data is written: as it was given, and as models write it."""

import re
from dataclasses import dataclass

TYPES = frozenset(
    {
        "ADDRESS",
        "CREDIT_CARD",
        "DATE_OF_BIRTH",
        "EMAIL",
        "IBAN",
        "IP",
        "NATIONAL_ID",
        "PASSWORD",
        "PERSON",
        "PHONE",
        "TEXT",
        "URL",
        "USERNAME",
    }
)
"""Types that a token may name. `TEXT` stands for text that only looks like a token."""

_NAMES = "|".join(sorted(TYPES, key=lambda name: (-len(name), name)))
_BREAK = r"\\?[_ -]"
_BARE_BREAK = r"\\?_"
_BARE_NAMES = _NAMES.replace("_", _BARE_BREAK)
# What is escaped before its bracket must be so before the closing one: `\` and a token beside it are two things.
LIKE_TOKEN = re.compile(
    rf"(?P<escape>(?<!\\)\\)?\[(?P<name>(?i:{_NAMES.replace('_', _BREAK)})){_BREAK}(?P<number>[0-9]{{1,9}})"
    r"(?P<ending>['’]?s|['’])?(?(escape)\\|\\?)\]"
    rf"|(?<!\w)(?P<before>_{{0,2}})(?P<bare>{_BARE_NAMES}){_BARE_BREAK}(?P<bare_number>[0-9]{{1,9}})"
    r"(?P<after>s|_{1,2})?(?!\w)"
)
"""In brackets any case, spaces and hyphens and an ending such as `'s` are forgiven; without them only capitals are."""

_BEGUN = re.compile(
    r"(?P<opening>\\?\[|\\)(?P<inside>(?:(?<=\[)[A-Za-z0-9_ '’\\-]{1,40})?)(?P<closed>\]?)\Z"
    r"|(?<!\w)_{1,2}\Z|(?<!\w)_{0,2}(?P<bare>[A-Z](?:[A-Z_\\]|(?<=[_\\0-9])[0-9]){0,40})s?_{0,2}\Z"
)
_LONGEST = 60
"""No token is longer, however it is written."""
_COUNTED = re.compile(r"([A-Z_]*[A-Z])_([0-9]+)(.*)")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A token as it was found: which one it is, and what stands around it and belongs to the text."""

    token: str
    before: str = ""
    after: str = ""


def spelled(match: re.Match[str]) -> Spelled:
    """Read a match of `LIKE_TOKEN`."""
    name, number = match["name"] or match["bare"], match["number"] or match["bare_number"]
    return Spelled(f"[{_plain(name)}_{number}]", match["before"] or "", match["ending"] or match["after"] or "")


class Beginnings:
    """Knows where a text may end in the beginning of a token."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._begun: set[str] = set()

    def __len__(self) -> int:
        """How many tokens there are."""
        return len(self._names)

    def add(self, tokens: list[str]) -> None:
        """Learn tokens, as they were given."""
        for name in (token[1:-1] for token in tokens):
            self._names.add(name)
            self._begun.update(name[:end] for end in range(len(name) + 1))

    def uncertain(self, text: str, start: int) -> int:
        """The first position from `start` on from which `text` may be a token's beginning, or one whose end is open."""
        found = _BEGUN.search(text, max(start, len(text) - _LONGEST))
        while found:
            if self._may_go_on(found):
                return found.start()
            found = _BEGUN.search(text, found.start() + 1)
        return len(text)

    def _may_go_on(self, found: re.Match[str]) -> bool:
        written = found["inside"] if found["opening"] else found["bare"]
        if not written:
            return True
        name = _plain(written)
        counted = _COUNTED.fullmatch(name)
        if counted and f"{counted[1]}_{counted[2]}" in self._names:
            return True
        return not found["closed"] and name in self._begun


def _plain(name: str) -> str:
    return name.replace("\\", "").replace(" ", "_").replace("-", "_").upper()
