"""Labels of audiences: a document may be for those readers only who have one of its labels."""

import re
from collections.abc import Iterable

from graph.errors import ParleyError

MOST_LABELS = 50
_LABEL = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")


class LabelRefused(ParleyError):
    """A label has at most 64 letters, digits and the marks _ . : - and begins with a letter or digit."""


def read_labels(given: Iterable[object]) -> frozenset[str]:
    """Labels as they are compared: small letters, each once.

    Raises:
        LabelRefused: one is no label, or there are too many; the sentence says which.
    """
    labels = set()
    for each in given:
        label = each.strip().lower() if isinstance(each, str) else ""
        if not _LABEL.fullmatch(label):
            shown = repr(each)[:80]
            raise LabelRefused(f"{shown} is no label: {LabelRefused.__doc__}")
        labels.add(label)
    if len(labels) > MOST_LABELS:
        raise LabelRefused(f"There are {len(labels)} labels; at most {MOST_LABELS} are read.")
    return frozenset(labels)


def labels_in(text: str) -> frozenset[str]:
    """The labels in a text with commas between them, which may be empty.

    Raises:
        LabelRefused: one is no label.
    """
    return read_labels(part for part in text.split(",") if part.strip())
