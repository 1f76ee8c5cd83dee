"""How often the answer cache takes two questions for the same: paraphrases, and those that look alike and are not."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.data import held_out, read_jsonl
from graph.context import Encoder
from graph.knowledge.same_question import judge_for

SETS = {"stackfaq_paraphrases": "StackFAQ", "banking77_intent_pairs": "Banking77"}
WRITTEN = Path(__file__).with_name("cache.toml")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions, and whether they have the same answer."""

    one: str
    other: str
    same: bool
    group: str


@dataclass(frozen=True, slots=True)
class Hits:
    """How many of a group's pairs were taken for the same question, and which."""

    name: str
    count: int
    hit: tuple[Pair, ...]


def written_pairs() -> Iterator[Pair]:
    """The pairs that were written for Parley: those that differ, by what tells them apart, and some that do not."""
    content = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))
    for group in content["different"]:
        yield from (Pair(one, other, same=False, group="written") for one, other in group["pairs"])
    yield from (Pair(one, other, same=True, group="written") for one, other in content["same"]["pairs"])


def public_pairs(data: Path) -> Iterator[Pair]:
    """The pairs of the public sets, in the two halves of what is asked about."""
    for folder, name in SETS.items():
        for row in read_jsonl(data / "pairs" / folder / "dev.jsonl"):
            half = "kept back" if held_out(row.get("intent_a") or row["a"]) else "looked at"
            yield Pair(row["a"], row["b"], bool(row["label"]), f"{name}, {half}")


def measure(encoder: Encoder, data: Path | None) -> Iterator[Hits]:
    """For each group of pairs, the paraphrases that were found and the others that were taken for the same."""
    pairs = [*(public_pairs(data) if data else ()), *written_pairs()]
    texts = sorted({text for pair in pairs for text in (pair.one, pair.other)})
    vectors = dict(zip(texts, encoder.encode(texts), strict=True))
    same_question = judge_for(encoder)
    for group in dict.fromkeys(pair.group for pair in pairs):
        for same in (True, False):
            there = [pair for pair in pairs if pair.group == group and pair.same == same]
            hit = tuple(
                pair
                for pair in there
                if same_question(pair.one, [(pair.other, float(vectors[pair.one] @ vectors[pair.other]))]) is not None
            )
            yield Hits(f"{group}: {'paraphrases found' if same else 'others taken for the same'}", len(there), hit)
