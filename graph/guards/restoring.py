"""Puts values back where their tokens stand in an answer, while it streams.

Parts of an answer that `Outgoing` has cleaned are told apart as it writes them: code stands in single backticks on one
line or between fences of three. A value is text wherever it is put; it is put into no address, so that none carries
it away.
"""

import re
from collections.abc import Callable
from typing import Literal

from graph.guards.inert import ADDRESS, SEEN, in_block, in_code, in_text, joins
from graph.guards.pseudonyms import Pseudonyms
from graph.guards.tokens import LIKE_TOKEN, Beginnings, spelled

_Place = Literal["text", "code", "fence", "block"]
"""In running text, in a line of code, in the line that opens a block of code, in such a block."""

_NEXT: dict[_Place, re.Pattern[str]] = {
    "text": re.compile(rf"(?P<mark>`)|{LIKE_TOKEN.pattern}"),
    "code": re.compile(rf"(?P<mark>[`\n])|{LIKE_TOKEN.pattern}"),
    "fence": re.compile(rf"(?P<mark>\n)|{LIKE_TOKEN.pattern}"),
    # The line that closes a block holds nothing else; its indentation is at most that of a block.
    "block": re.compile(r"(?P<mark>(?:(?<=\n```)|(?<=\n ```)|(?<=\n  ```)|(?<=\n   ```))\n)|" + LIKE_TOKEN.pattern),
}
_WRITTEN: dict[_Place, Callable[[str], str | None]] = {
    "text": in_text,
    "code": in_code,
    "fence": in_block,
    "block": in_block,
}
_BEFORE = 8
"""So many characters that were read before decide what the next one is."""
_IN_ADDRESS = re.compile(rf"(?:{ADDRESS.pattern}|\]\()\S*\Z", re.IGNORECASE)
_SPACE = re.compile(r"\s")


class Restorer:
    """Restores a stream of pieces. What comes out, joined, is the same however the stream was cut."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._beginnings = Beginnings()
        self._held = ""
        self._before = ""
        self._place: _Place = "text"
        self._out: list[str] = []
        self._seen = ""
        self._in_address = self._after_value = False

    def feed(self, piece: str) -> str:
        """Take a piece and return what is certain, restored: all but an end that may be the beginning of a token."""
        values = self._pseudonyms.values
        if len(values) > len(self._beginnings):
            self._beginnings.add(list(values))
        text = self._before + self._held + piece
        return self._give(text, self._beginnings.uncertain(text, len(self._before)))

    def flush(self) -> str:
        """Return what was held back. The stream has ended."""
        text = self._before + self._held
        return self._give(text, len(text))

    def _give(self, text: str, keep: int) -> str:
        """Restore `text` from behind `_before` to `keep`; what comes after, `_NEXT` sees but does not reach."""
        self._out = []
        at = len(self._before)
        while found := _NEXT[self._place].search(text, at, keep):
            self._write(text[at : found.start()])
            if found["mark"]:
                self._pass(text, found)
            else:
                self._restore(text, found)
            at = found.end()
        self._write(text[at:keep])
        self._held, self._before = text[keep:], text[max(0, keep - _BEFORE) : keep]
        return "".join(self._out)

    def _pass(self, text: str, found: re.Match[str]) -> None:
        """Write a mark and go where it leads. Two backticks begin three: there is no code without anything in it."""
        doubled = found["mark"] == "`" == text[found.start() - 1 : found.start()]
        match self._place:
            case "text":
                self._place = "code"
            case "code":
                self._place = "fence" if doubled else "text"
            case "fence":
                self._place = "block"
            case "block":
                self._place = "text"
        self._write(found["mark"])

    def _restore(self, text: str, found: re.Match[str]) -> None:
        written = spelled(found)
        value, running = self._pseudonyms.values.get(written.token), self._place == "text"
        shown = None if value is None or self._in_address else _WRITTEN[self._place](value)
        if shown is None:
            self._write(found.group())
            return
        # `Outgoing` parts brackets from a bracket that follows, unless they are a link's.
        bracketed = found.group()[0] == "[" and found.group()[-2] != "\\"
        label = running and bracketed and text[found.end() : found.end() + 1] == "("
        self._write(f"{written.before}[" if label else written.before)
        self._put(f" {shown}" if running and joins(self._seen, shown) else shown)
        self._after_value = running
        self._write(f"{written.after}]" if label else written.after)

    def _write(self, text: str) -> None:
        """Write what the answer itself says."""
        if not text:
            return
        if self._after_value and joins(self._seen, text):
            text = f" {text}"
        self._after_value = False
        self._put(text)

    def _put(self, text: str) -> None:
        self._out.append(text)
        if _IN_ADDRESS.search(self._seen[-_BEFORE:] + text):
            self._in_address = True
        elif self._in_address and _SPACE.search(text):
            self._in_address = False
        self._seen = (self._seen + text)[-SEEN:]


def restored_answer(text: str, pseudonyms: Pseudonyms) -> str:
    """A whole answer, cleaned, as its visitor is shown it: Markdown in which each value is text."""
    restorer = Restorer(pseudonyms)
    return restorer.feed(text) + restorer.flush()
