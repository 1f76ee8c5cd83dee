"""Noise that hides whether any one visitor is counted: OpenDP's discrete Laplace mechanism."""

import math
from collections.abc import Sequence
from decimal import Decimal

from graph.errors import ConfigError

SURE = 0.95


def noisy(counts: Sequence[int], *, most: int, epsilon: Decimal) -> tuple[list[int], int]:
    """Counts with noise, none below 0, and how far from the truth 95 of 100 of them are at most.

    Whoever sees them learns of no visitor more than epsilon-differential privacy allows (Dwork et al., "Calibrating
    Noise to Sensitivity", 2006; Ghosh et al., "Universally Utility-Maximizing Privacy Mechanisms", 2009): as long as
    a visitor with all that they did changes these counts by `most` altogether.

    Raises:
        ConfigError: OpenDP is not installed.
    """
    try:
        import opendp.prelude as dp
    except ImportError:
        raise ConfigError("Figures that leave need the package opendp; install `parley[figures]`.") from None
    dp.enable_features("contrib")
    scale = most / float(epsilon)
    domain = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    mechanism = dp.m.make_laplace(*domain, scale=scale)
    while not mechanism.check(most, float(epsilon)):  # rounded down
        scale = math.nextafter(scale, math.inf)
        mechanism = dp.m.make_laplace(*domain, scale=scale)
    found = [max(0, int(count)) for count in mechanism(list(counts))]
    return found, math.ceil(scale * math.log(1 / (1 - SURE)))
