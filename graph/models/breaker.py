"""When a route that failed is worth asking again."""

from graph.errors import (
    KeyRefused,
    ModelFault,
    QuotaExhausted,
    RateLimited,
    ServerFault,
    StreamCut,
    TooSlow,
    Unreachable,
)

IN_A_ROW = 3
"""Faults of a server after which it is left alone."""
FIRST_S, LONGEST_S = 5.0, 15.0
"""Of a server that fails: the first pause and the longest; one request at a time finds out whether it is well again."""
QUOTA_S = 900.0
"""Of an account over its quota, when nothing says until when."""
BUSY_S = 5.0
KEY_S = 600.0
MOST_S = 24 * 3600.0
"""No longer than this, whatever a server asks for."""


def counts(fault: ModelFault) -> bool:
    """Whether a fault says something about the route, and not only about this request."""
    return isinstance(
        fault, QuotaExhausted | RateLimited | KeyRefused | ServerFault | Unreachable | TooSlow | StreamCut
    )


def pause_s(fault: ModelFault, failures: int) -> float | None:
    """Seconds for which a route is not asked after a fault; None to go on asking it.

    Args:
        failures: faults in a row, this one counted.
    """
    match fault:
        case QuotaExhausted(retry_after_s=asked_s):
            return min(asked_s or QUOTA_S, MOST_S)
        case RateLimited(retry_after_s=asked_s):
            return min(asked_s or BUSY_S, MOST_S)
        case KeyRefused():
            return KEY_S
    if failures < IN_A_ROW:
        return None
    return min(FIRST_S * 1.5 ** (failures - IN_A_ROW), LONGEST_S)
