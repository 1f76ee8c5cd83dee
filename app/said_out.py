"""What a door says of an answer: cleaned, with the visitor's own values back, and nothing of the instructions."""

from graph.guards.leaks import Leaks
from graph.guards.links import Hosts
from graph.guards.outgoing import Outgoing
from graph.guards.pseudonyms import Pseudonyms
from graph.guards.restoring import Restorer
from graph.prompts import PRIVATE


class SaidOut:
    """One answer as it streams, on its way from the graph to all doors.

    Attributes:
        shown: what the visitor has been shown, clean, with pseudonyms.
        leaked: whether it began to repeat the instructions. Nothing of it may go on being shown then.
    """

    def __init__(self, pseudonyms: Pseudonyms, hosts: Hosts, canary: str) -> None:
        self._outgoing, self._restorer = Outgoing(hosts), Restorer(pseudonyms)
        self._leaks = Leaks(canary, PRIVATE)
        self.shown = ""
        self.leaked = False

    def leaks(self, piece: str) -> bool:
        """Whether the answer repeats the instructions with this piece. Ask before each `feed`."""
        self.leaked = self.leaked or self._leaks.leaks(piece)
        return self.leaked

    def feed(self, piece: str) -> str:
        """Take a piece and return what can be shown, restored."""
        return self._restored(self._outgoing.feed(piece))

    def flush(self) -> str:
        """Return what was held back. The answer is whole."""
        return self._restored(self._outgoing.flush()) + self._restorer.flush()

    def _restored(self, text: str) -> str:
        self.shown += text
        return self._restorer.feed(text)
