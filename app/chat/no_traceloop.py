"""A stand-in for `traceloop.sdk`, which a dependency of Chainlit's imports for a service that Parley does not use.

The real package brings some 45 others, so the installation leaves it out (see `exclude-dependencies`).
"""

import sys
from importlib.util import find_spec
from types import ModuleType


class Traceloop:
    """Takes the calls that `literalai` would make, and does nothing."""

    @staticmethod
    def init(*args: object, **kwargs: object) -> None:
        """Do nothing."""

    @staticmethod
    def set_association_properties(properties: object) -> None:
        """Do nothing."""


class LoggingSpanExporter:
    """Is asked for by name only."""


def stand_in() -> None:
    """Put the stand-ins where the imports look for them, unless the real package is there."""
    if "traceloop" in sys.modules or find_spec("traceloop"):
        return
    package, sdk, exporter = ModuleType("traceloop"), ModuleType("traceloop.sdk"), ModuleType("literalai.exporter")
    sdk.Traceloop = Traceloop  # type: ignore[attr-defined]  # a module made by hand
    package.sdk = sdk  # type: ignore[attr-defined]  # likewise
    exporter.LoggingSpanExporter = LoggingSpanExporter  # type: ignore[attr-defined]  # likewise
    sys.modules |= {"traceloop": package, "traceloop.sdk": sdk, "literalai.exporter": exporter}
