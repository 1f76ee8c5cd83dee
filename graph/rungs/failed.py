"""What the chain tells of its tries, as the draft keeps it."""

from collections.abc import Iterable

from graph.models.chain import Tried
from graph.state import Attempt


def failed(tries: Iterable[Tried]) -> tuple[Attempt, ...]:
    """The models that were asked and gave no whole answer."""
    return tuple(Attempt(tried.route, tried.fault) for tried in tries if tried.fault)
