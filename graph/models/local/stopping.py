"""Stop words in a stream: text that may be the beginning of one is held back until it is sure."""

from collections.abc import Sequence


class StopWords:
    """Passes text on up to the first stop word, which is dropped with all that follows."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = [word for word in words if word]
        self._held = ""
        self.found = False

    def add(self, text: str) -> str:
        """Return what may be passed on now that `text` came."""
        if self.found:
            return ""
        self._held += text
        first = min((at for word in self._words if (at := self._held.find(word)) >= 0), default=None)
        if first is not None:
            self.found = True
            passed, self._held = self._held[:first], ""
            return passed
        keep = max((_overlap(self._held, word) for word in self._words), default=0)
        passed, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return passed

    def rest(self, text: str = "") -> str:
        """Return what is left when no more text comes than `text`."""
        passed = self.add(text)
        held, self._held = self._held, ""
        return passed + held


def _overlap(text: str, word: str) -> int:
    """Length of the longest end of `text` that is a proper beginning of `word`."""
    return next((size for size in range(min(len(word) - 1, len(text)), 0, -1) if text.endswith(word[:size])), 0)
