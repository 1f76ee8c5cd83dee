"""Pseudonyms of one conversation: personal data goes out as `[EMAIL_1]` and comes back as what the visitor wrote."""

from collections.abc import Iterable, Mapping

from graph.context import PersonalSpan
from graph.guards.tokens import LIKE_TOKEN, spelled


def holds_token(text: str) -> bool:
    """Whether personal data stands in a text as a token of whatever conversation."""
    return LIKE_TOKEN.search(text) is not None


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

        The spellings of `LIKE_TOKEN` are forgiven. What comes out is plain text, no Markdown: see `restored_answer`.
        """
        parts: list[str] = []
        end = 0
        for match in LIKE_TOKEN.finditer(text):
            found = spelled(match)
            if (value := self.values.get(found.token)) is not None:
                parts += [text[end : match.start()], found.before, value, found.after]
                end = match.end()
        return "".join([*parts, text[end:]])

    def _escape(self, text: str) -> str:
        return LIKE_TOKEN.sub(lambda match: self._token("TEXT", match.group()), text)

    def _token(self, type_: str, value: str) -> str:
        if value in self._tokens:
            return self._tokens[value]
        self._last[type_] = self._last.get(type_, 0) + 1
        token = f"[{type_}_{self._last[type_]}]"
        self.values[token] = value
        self._tokens[value] = token
        return token
