"""Pseudonyms of one conversation: personal data goes out as `[EMAIL_1]` and comes back as what the visitor wrote."""

import re
from collections.abc import Iterable, Mapping

from graph.context import PersonalSpan

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

_NAME = r"([A-Za-z][A-Za-z_]*)_([0-9]+)"
_LIKE_TOKEN = re.compile(rf"\[{_NAME}\]|(?<!\w){_NAME}(?!\w)")


def holds_token(text: str) -> bool:
    """Whether personal data stands in a text as a token of whatever conversation."""
    return any(_forgiven(match) for match in _LIKE_TOKEN.finditer(text))


def type_of(token: str) -> str:
    """The type that a token names."""
    return token.strip("[]").rpartition("_")[0]


class Pseudonyms:
    """Gives each value one token for as long as the conversation lasts.

    Attributes:
        values: the value that each token stands for.
    """

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self.values: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._last: dict[str, int] = {}
        self.learn(known or {})

    def learn(self, known: Mapping[str, str]) -> None:
        """Take in tokens that were given elsewhere, with the value that each stands for."""
        self.values.update(known)
        for token, value in known.items():
            self._tokens[value] = token
            type_, number = type_of(token), int(token.strip("[]").rpartition("_")[2])
            self._last[type_] = max(self._last.get(type_, 0), number)

    def protect(self, text: str, spans: Iterable[PersonalSpan]) -> str:
        """Return `text` with each span's value replaced by its token.

        Whatever already reads like a token gets one of its own, so that nobody can call up a value by writing its
        token. `restore` undoes both exactly. The spans do not overlap and are in order.
        """
        pieces: list[str] = []
        end = 0
        for span in spans:
            pieces.append(self._escape(text[end : span.start]))
            pieces.append(self._token(span.type, text[span.start : span.end]))
            end = span.end
        pieces.append(self._escape(text[end:]))
        return "".join(pieces)

    def restore(self, text: str) -> str:
        """Return `text` with the tokens of this conversation replaced by what they stand for, in one pass.

        A model's slips are forgiven: another case inside the brackets, or no brackets around a whole word.
        """
        return _LIKE_TOKEN.sub(self.value_of, text)

    def value_of(self, match: re.Match[str]) -> str:
        """What the token that was matched stands for; itself, if it is none of this conversation's."""
        return self.values.get(_token_of(match), match.group()) if _forgiven(match) else match.group()

    def _escape(self, text: str) -> str:
        def replaced(match: re.Match[str]) -> str:
            type_ = type_of(_token_of(match))
            taken = _forgiven(match) and (type_ in TYPES or type_ in self._last)
            return self._token("TEXT", match.group()) if taken else match.group()

        return _LIKE_TOKEN.sub(replaced, text)

    def _token(self, type_: str, value: str) -> str:
        if value in self._tokens:
            return self._tokens[value]
        self._last[type_] = self._last.get(type_, 0) + 1
        token = f"[{type_}_{self._last[type_]}]"
        self.values[token] = value
        self._tokens[value] = token
        return token


class Restorer:
    """Restores a stream of pieces. What comes out, joined, is `Pseudonyms.restore` of what went in, joined."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._held = ""
        self._before = ""

    def feed(self, piece: str) -> str:
        """Take a piece and return what is certain, restored: all but an end that may be the beginning of a token."""
        text = self._held + piece
        keep = self._uncertain(text)
        return self._give(text, keep)

    def flush(self) -> str:
        """Return what was held back. The stream has ended."""
        return self._give(self._held, len(self._held))

    def _give(self, text: str, keep: int) -> str:
        self._held = text[keep:]
        # The character before decides whether a word begins here; the one after was seen by `_uncertain`.
        whole, skip = self._before + text[:keep], len(self._before)
        self._before = whole[-1:]
        result: list[str] = []
        end = skip
        for match in _LIKE_TOKEN.finditer(whole, skip):
            result += [whole[end : match.start()], self._pseudonyms.value_of(match)]
            end = match.end()
        return "".join([*result, whole[end:]])

    def _uncertain(self, text: str) -> int:
        """The first position from which `text` may be the beginning of a token of this conversation."""
        tokens = self._pseudonyms.values
        longest = max(map(len, tokens), default=0)
        for start in range(max(0, len(text) - longest), len(text)):
            rest = text[start:]
            if rest[0] == "[":
                if any(token.startswith(rest.upper()) and token != rest.upper() for token in tokens):
                    return start
            elif not _word(text[start - 1] if start else self._before) and any(
                token[1:-1].startswith(rest) for token in tokens
            ):
                return start
        return len(text)


def _token_of(match: re.Match[str]) -> str:
    bracketed, number, bare, bare_number = match.groups()
    return f"[{(bracketed or bare).upper()}_{number or bare_number}]"


def _forgiven(match: re.Match[str]) -> bool:
    """Whether this way of writing a token counts as one: in brackets always, bare only in capitals."""
    return match.group(1) is not None or match.group(3).isupper()


def _word(character: str) -> bool:
    return bool(re.match(r"\w", character))
