"""Whether the check of an answer's sentences passes what the passages say in other words, and refuses what they do not.

The cases stand beside this file: statements written by hand of products that do not exist. More are made of them by
rules, which change one thing of a true statement: a figure, a unit, a denial, a strong word.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from graph.context import Encoder, Passage
from graph.knowledge.ground import check

CASES = Path(__file__).with_name("grounding.toml")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_UNITS = {"days": "hours", "hours": "days", "months": "days", "minutes": "hours", "euros": "dollars", "years": "weeks"}
_AFFIRMED = re.compile(r"\b(is|are|can|will|must)\b(?! not|n't)")
_DENIED = re.compile(r" not\b|n't\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """What may (`supported`) or may not be said of some passages. `made` by hand or by which rule."""

    passages: tuple[Passage, ...]
    text: str
    supported: bool
    kept_back: bool
    made: str = "by hand"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares of a set of statements: those passed of the supported, those refused of the others."""

    name: str
    passed: int
    supported: int
    refused: int
    unsupported: int


def statements(path: Path = CASES) -> Iterator[Statement]:
    """Those of the file, and those made of them."""
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
        passages = tuple(_passage(case["name"], text) for text in case["passages"])
        kept_back = case.get("kept_back", False)
        for text in case["supported"]:
            yield Statement(passages, text, True, kept_back)
            for made, change in RULES.items():
                changed = change(text)
                if changed != text:
                    yield Statement(passages, changed, False, kept_back, made)
        for text in case["unsupported"]:
            yield Statement(passages, text, False, kept_back)


def measure(encoder: Encoder) -> list[Outcome]:
    """Judge every statement; a row for what was tuned on, one for what was kept back, and each by how it was made."""
    judged = [(each, passes(each, encoder)) for each in statements()]
    rows = []
    for half, name in ((False, "tuned on"), (True, "kept back")):
        mine = [(each, passes) for each, passes in judged if each.kept_back is half]
        rows.append(_outcome(name, mine))
        rows += [_outcome(f"{name}, {made}", [m for m in mine if m[0].made == made]) for made in ("by hand", *RULES)]
    return rows


def _outcome(name: str, judged: list[tuple[Statement, bool]]) -> Outcome:
    true = [passes for each, passes in judged if each.supported]
    false = [passes for each, passes in judged if not each.supported]
    return Outcome(name, sum(true), len(true), len(false) - sum(false), len(false))


def passes(statement: Statement, encoder: Encoder) -> bool:
    """Whether the check lets a statement be said."""
    lines = check(statement.text, "", statement.passages, encoder)
    return all(checked.supported for line in lines for checked in line)


def _passage(name: str, text: str) -> Passage:
    heading, _, body = text.partition(": ")
    return Passage(1, name, "Guide", heading, None, body, 0.8, 0.8)


def _other_figure(text: str) -> str:
    return _NUMBER.sub(lambda found: str(int(float(found[0])) + 37), text, count=1)


def _other_unit(text: str) -> str:
    return re.sub(rf"\b({'|'.join(_UNITS)})\b", lambda found: _UNITS[found[0]], text, count=1)


def _denied(text: str) -> str:
    return text if _DENIED.search(text) or " no" in text else _AFFIRMED.sub(r"\1 not", text, count=1)


def _affirmed(text: str) -> str:
    return (
        _DENIED.sub("", text.replace("can't", "can").replace("cannot", "can"), count=1)
        if _DENIED.search(text)
        else text
    )


def _always(text: str) -> str:
    return re.sub(r"\b(is|are|can)\b(?! not| only|n't)", r"\1 always", text, count=1)


RULES: dict[str, Callable[[str], str]] = {
    "another figure": _other_figure,
    "another unit": _other_unit,
    "a denial added": _denied,
    "a denial dropped": _affirmed,
    "always added": _always,
}
