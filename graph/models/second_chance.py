"""Whether a route is asked again: once after a wait that it asked for, once after it failed before any text."""

from graph.errors import ModelFault, RateLimited, ServerFault, Unreachable

RETRY_PAUSE_S = 0.2


class SecondChance:
    """Of one route in one answer."""

    def __init__(self, waits_s: float) -> None:
        self._waits_s = waits_s
        self._waited = self._retried = False

    def pause_s(self, fault: ModelFault, *, shown: bool) -> float | None:
        """Seconds to pause before the same route is asked again; None to go on to the next one."""
        match fault:
            case RateLimited(retry_after_s=float(asked_s)) if asked_s <= self._waits_s and not self._waited:
                self._waited = True
                return asked_s
            case ServerFault() | Unreachable() if not (shown or self._retried):
                self._retried = True
                return RETRY_PAUSE_S
        return None
