"""Trains the head of a set of intents, and reports how well it tells their examples apart."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import comb
from typing import Any

import numpy as np

from graph.context import Encoder
from graph.intents.choose import learn
from graph.intents.head import Head, HeldOut, Labels
from graph.intents.load import IntentSet
from graph.intents.regression import Floats

FEW = 8
"""Examples below which an intent is named in the report."""
MOST_SHOWN = 20
BINS = 10
CHANCE = 0.05
NEVER = 0.0
"""Gate that stops nothing."""


@dataclass(frozen=True, slots=True)
class Report:
    """How held-out examples were judged, by heads that had not seen them.

    Attributes:
        examples, right: how many there are, and how many were taken for what they are.
        ece: expected calibration error: how far the probabilities are from the shares that come true.
        gate: probability below which a message is out of scope.
        kept: of the examples, how many were right and passed the gate.
        strange, caught: examples that none wants, and how many of them the gate stopped.
        confusions: intent, what it was taken for, how often.
        doubtful: examples that are surely something else to the head: text, its intent, what it was taken for.
        few: intents with few examples, and how many.
        corrections: how many of the examples are corrections by staff.
    """

    examples: int
    right: int
    ece: float
    gate: float
    kept: int
    strange: int
    caught: int
    confusions: tuple[tuple[str, str, int], ...]
    doubtful: tuple[tuple[str, str, str], ...]
    few: tuple[tuple[str, int], ...]
    corrections: int

    def stored(self) -> dict[str, Any]:
        """For a JSON document."""
        return asdict(self)

    @classmethod
    def from_stored(cls, document: dict[str, Any]) -> "Report":
        """What `stored` gave, after JSON made lists of its rows."""
        rows = {key: tuple(map(tuple, document[key])) for key in ("confusions", "doubtful", "few")}
        return cls(**(document | rows))


@dataclass(frozen=True, slots=True)
class Trained:
    """A head, its gate, its report, and for each example of the set in order whether it was right when held out."""

    head: Head
    gate: float
    report: Report
    right: tuple[bool, ...]


def train(wanted: IntentSet, encoder: Encoder, corrections: Sequence[tuple[str, str]] = ()) -> Trained:
    """Train a set of intents: half a minute for 15,000 examples, beside the encoder's time for them.

    Args:
        corrections: further examples, as message and name of the intent; names that the set lacks are passed over.
    """
    names = [intent.name for intent in wanted.intents]
    added = [(text, names.index(name)) for text, name in corrections if name in names]
    texts = [example for intent in wanted.intents for example in intent.examples]
    own = len(texts)
    labels = np.repeat(np.arange(len(names)), [len(intent.examples) for intent in wanted.intents])
    labels = np.concatenate([labels, np.array([label for _, label in added], dtype=np.intp)])
    vectors = encoder.encode([*texts, *(text for text, _ in added)])
    strange = encoder.encode(wanted.gate.examples if wanted.gate else ())
    head, held = learn(vectors, labels, strange)
    gate = gate_of(held.examples, labels, wanted.gate.keep or head.keep) if wanted.gate else NEVER
    report = _report(names, texts, labels, held, gate)
    return Trained(head, gate, report, tuple((held.examples.argmax(axis=1) == labels)[:own].tolist()))


def gate_of(held: Floats, labels: Labels, keep: float) -> float:
    """The probability that this share of the rightly judged held-out examples reaches."""
    sure = held.max(axis=1)[held.argmax(axis=1) == labels]
    return float(np.quantile(sure, 1 - keep)) if len(sure) else NEVER


def worse(
    before: tuple[IntentSet, Sequence[bool]], after: tuple[IntentSet, Sequence[bool]]
) -> tuple[int, int, int] | None:
    """Whether a set judges held-out examples worse than the one before, by more than chance explains.

    Only examples that both have, for the same intent, are compared (a sign test, one-sided, at 5 %). An intent is the
    same, whatever it is called, that has the most of the other's examples.

    Returns:
        How many are compared, were right before, and are right now; None when it is not worse.
    """
    then, now = _judged(*before), _judged(*after)
    called = _called_now(then.keys(), now.keys())
    shared = [
        (right, now[new]) for (name, text), right in then.items() if (new := (called.get(name, name), text)) in now
    ]
    lost = sum(old and not new for old, new in shared)
    gained = sum(new and not old for old, new in shared)
    flips = lost + gained
    if lost <= gained or sum(comb(flips, k) for k in range(lost, flips + 1)) / 2**flips >= CHANCE:
        return None
    return len(shared), sum(old for old, _ in shared), sum(new for _, new in shared)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    def clearly_below(self, other: "Share") -> bool:
        """Whether it is smaller by more than chance explains (Fisher's exact test, one-sided, at 5 %)."""
        if not self.of or not other.of:
            return False
        both, all_ = self.count + other.count, self.of + other.of
        ways = sum(
            comb(both, k) * comb(all_ - both, self.of - k) for k in range(max(0, self.of - all_ + both), self.count + 1)
        )
        return ways / comb(all_, self.of) < CHANCE

    def __str__(self) -> str:
        return f"{self.count} of {self.of}"


def stopped(report: Report, *, as_before: Report | None = None) -> Share:
    """Of the examples out of scope, those that the gate stops. A set that has no gate any more stops none of before."""
    return Share(0, as_before.strange) if as_before and report.gate == NEVER else Share(report.caught, report.strange)


def let_through(report: Report) -> Share:
    """Of the examples that are judged rightly, those that pass the gate."""
    return Share(report.kept, report.right)


def calibration_error(held: Floats, labels: Labels) -> float:
    """Expected calibration error over ten bins of equal width (Naeini et al., 2015)."""
    sure, right = held.max(axis=1), held.argmax(axis=1) == labels
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(sure[bins == each].mean()) - float(right[bins == each].mean())) * int((bins == each).sum())
        for each in set(bins.tolist())
    ]
    return sum(gaps) / len(labels)


def _judged(wanted: IntentSet, right: Sequence[bool]) -> dict[tuple[str, str], bool]:
    examples = [(intent.name, example) for intent in wanted.intents for example in intent.examples]
    return dict(zip(examples, right, strict=True))


def _called_now(then: Iterable[tuple[str, str]], now: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What the intents of before are called now, one to one, by the examples that they share."""
    names: dict[str, list[str]] = {}
    for name, text in now:
        names.setdefault(text, []).append(name)
    shared = Counter((old, new) for old, text in then for new in names.get(text, ()))
    called: dict[str, str] = {}
    for old, new in sorted(shared, key=lambda pair: (-shared[pair], pair[0] != pair[1], pair)):
        if old not in called and new not in called.values():
            called[old] = new
    return called


def _report(names: list[str], texts: list[str], labels: Labels, held: HeldOut, gate: float) -> Report:
    guessed, sure = held.examples.argmax(axis=1), held.examples.max(axis=1)
    wrong = guessed != labels
    pairs = Counter(zip(labels[wrong].tolist(), guessed[wrong].tolist(), strict=True))
    doubtful = sorted((row for row in np.flatnonzero(wrong) if row < len(texts)), key=lambda row: -sure[row])
    counts = np.bincount(labels, minlength=len(names))
    return Report(
        examples=len(labels),
        right=int((~wrong).sum()),
        ece=round(calibration_error(held.examples, labels), 4),
        gate=round(gate, 4),
        kept=int((~wrong & (sure >= gate)).sum()),
        strange=len(held.strange),
        caught=int((held.strange.max(axis=1) < gate).sum()) if len(held.strange) else 0,
        confusions=tuple((names[a], names[b], count) for (a, b), count in pairs.most_common(MOST_SHOWN)),
        doubtful=tuple((texts[row], names[labels[row]], names[guessed[row]]) for row in doubtful[:MOST_SHOWN]),
        few=tuple((name, int(count)) for name, count in zip(names, counts, strict=True) if count < FEW),
        corrections=len(labels) - len(texts),
    )
