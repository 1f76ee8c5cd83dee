"""Chooses the head that suits a set of intents, by what each judges rightly when held out, and reads stored ones."""

import zlib
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import numpy as np

from graph.context import FloatArray
from graph.intents import kernel, net
from graph.intents.head import Head, HeldOut, Labels
from graph.intents.kernel import KernelHead
from graph.intents.net import NetHead

ENOUGH_EACH = 50
"""Examples that half of the intents need before nets are tried: with fewer they are no better, and it takes time."""


def learn(vectors: FloatArray, labels: Labels, strange: FloatArray) -> tuple[Head, HeldOut]:
    """Learn intents from unit vectors of their examples: by nets where they judge more held-out ones rightly.

    Each held-out example is judged by one net, but messages by all of them, which are better together: so the kernel
    has the advantage in the comparison.

    Args:
        vectors: shape `(n, dimensions)`.
        labels: number of each one's intent, from 0, shape `(n,)`; each number is there.
        strange: vectors of messages that none of the intents wants, shape `(s, dimensions)`; may be empty.
    """
    plain, of_plain = kernel.learn(vectors, labels, strange)
    if np.median(np.bincount(labels)) < ENOUGH_EACH:
        return plain, of_plain
    nets, of_nets = net.learn(vectors, labels, strange)
    by_kernel, by_nets = (int((held.examples.argmax(axis=1) == labels).sum()) for held in (of_plain, of_nets))
    return (nets, of_nets) if by_nets > by_kernel else (plain, of_plain)


def head_of(stored: bytes) -> Head | None:
    """The head whose `to_bytes` gave this; None if it is of a kind that this version of Parley does not know."""
    try:
        with np.load(BytesIO(stored), allow_pickle=False) as file:
            parts: dict[str, Any] = {name: file[name] if file[name].ndim else float(file[name]) for name in file.files}
            return NetHead(**parts) if "hidden" in parts else KernelHead(**parts)
    except (OSError, EOFError, ValueError, TypeError, BadZipFile, zlib.error):
        return None
