"""The other way round than `Restorer`: values that a model was shown in clear become their tokens again."""

import re
from collections.abc import Mapping

SHORT = 4
"""A value of fewer characters counts only as a whole word: others hold it by chance."""


class Concealer:
    """Conceals a stream of pieces. What comes out, joined, does not depend on how the stream was cut.

    The longest value counts where several begin. A value is found letter by letter, also within a longer word
    ("Annas"), though never within a longer number. A token that stands there already stays as it is.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        """Take what each token stands for."""
        self._tokens = {value: token for token, value in values.items() if value}
        alternatives = [(value, _pattern(value)) for value in self._tokens]
        alternatives += [(token, f"(?ai:{re.escape(token)})") for token in values]
        alternatives.sort(key=lambda each: -len(each[0]))
        self._any = re.compile("|".join(pattern for _, pattern in alternatives) or r"(?!)")
        self._longest = max((len(text) for text, _ in alternatives), default=0)
        self._begun = {value[:end] for value in self._tokens for end in range(1, len(value))}
        self._begun |= {value for value in self._tokens if _looks_on(value)}
        self._begun_tokens = {token[:end] for token in values for end in range(1, len(token))}
        self._held = self._before = ""

    def feed(self, piece: str) -> str:
        """Take a piece and return what is certain: all but an end that may be the beginning of a value."""
        return self._read(self._held + piece, final=False)

    def flush(self) -> str:
        """Return what was held back, concealed. The stream has ended."""
        return self._read(self._held, final=True)

    def _read(self, text: str, *, final: bool) -> str:
        out: list[str] = []
        at, certain = 0, len(text) if final else self._certain_to(text, 0)
        while (found := self._search(text, at)) and found[0] < certain:
            start, end, instead = found
            out += [text[at:start], instead]
            at, certain = end, len(text) if final else self._certain_to(text, end)
        out.append(text[at:certain])
        self._before = (self._before + text[:certain])[-1:]
        self._held = text[certain:]
        return "".join(out)

    def _search(self, text: str, at: int) -> tuple[int, int, str] | None:
        """The next value or token: where it begins and ends, and what stands in its place."""
        # The character before decides whether a word begins here.
        found = self._any.search(self._before + text, len(self._before) + at)
        if found is None:
            return None
        start, end = (place - len(self._before) for place in found.span())
        return start, end, self._tokens.get(found[0], found[0])

    def _certain_to(self, text: str, at: int) -> int:
        """The first position, from `at` on, from which `text` may be the beginning of a value or a token."""
        for start in range(max(at, len(text) - self._longest), len(text)):
            rest = text[start:]
            if rest in self._begun or (rest[0] == "[" and rest.upper() in self._begun_tokens):
                return start
        return len(text)


def concealed(text: str, values: Mapping[str, str]) -> str:
    """A whole text as a `Concealer` puts it out."""
    concealer = Concealer(values)
    return concealer.feed(text) + concealer.flush()


def _pattern(value: str) -> str:
    edge = r"\w" if len(value) < SHORT else r"\d"
    before = f"(?<!{edge})" if re.match(edge, value[0]) else ""
    after = f"(?!{edge})" if _looks_on(value) else ""
    return before + re.escape(value) + after


def _looks_on(value: str) -> bool:
    """Whether the character after a value decides whether it counts."""
    return re.match(r"\w" if len(value) < SHORT else r"\d", value[-1]) is not None
