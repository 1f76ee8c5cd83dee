"""Messages of visitors, attacks and harmless ones, for the screen of what visitors write."""

import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from evals.injection.grammar import Grammar
from evals.injection.passages import ATTACKS
from evals.injection.rows import rows

HARMLESS = Path(__file__).with_name("harmless.toml")
FOLDS = 3
SETS = (
    "deepset",
    "jailbreak_inthewild",
    "cyberseceval",
    "support_authored",
    "notinject",
    "support_trigger_benign",
)
WEIGHTS = {
    "deepset attacks": 4.0,
    "jailbreak_inthewild attacks": 2.0,
    "cyberseceval attacks": 0.3,
    "support_authored attacks": 3.0,
    "notinject harmless": 24.0,
    "support_authored harmless": 3.0,
    "deepset harmless": 2.0,
    "own attacks": 0.7,
}
"""How much a message of a kind counts; of the others each counts 1."""
UNCLEAR = (
    "different_user_input_language",
    "few_shot_attack",
    "many_shot_attack",
    "hypothetical_scenario",
    "indirect_reference",
    "output_formatting_manipulation",
)
"""Variants of CyberSecEval that mostly look harmless where the system prompt is not known."""
UNCLEAR_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a set, and how much it counts."""

    kind: str
    text: str
    attack: bool
    weight: float = 1.0

    @property
    def own(self) -> bool:
        """Whether we wrote it: such messages are learnt from, never measured on."""
        return self.kind.startswith("own ")

    @property
    def support(self) -> bool:
        """Whether it is an ordinary question to a support desk: the false alarms are counted on these."""
        return self.kind.endswith(" support") or self.kind == "support_trigger_benign harmless"

    @property
    def fold(self) -> int:
        """From 0 to `FOLDS` - 1; texts of the same words, in whatever order, stay together."""
        words = sorted(set(re.findall(r"\w+", self.text.lower())))
        return sha256(" ".join(words[:6]).encode()).digest()[0] % FOLDS


def messages(data: Path, seed: int) -> list[Message]:
    """Every message, none twice."""
    found = [*_public(data), *_support(data, random.Random(seed)), *_own(seed)]
    return list({message.text: message for message in found if message.text}.values())


def _public(data: Path) -> Iterator[Message]:
    for name in SETS:
        for row in rows(data / "injection" / name / "dev.jsonl"):
            attack = row["label"] == "attack"
            kind = f"{name} {'attacks' if attack else 'harmless'}"
            unclear = UNCLEAR_WEIGHT if row.get("variant") in UNCLEAR else 1.0
            yield Message(kind, row["text"], attack, WEIGHTS.get(kind, 1.0) * unclear)


def _support(data: Path, rng: random.Random) -> Iterator[Message]:
    for name, step in (("banking77_oos", 4), ("clinc150", 9), ("hint3", 2), ("natcs_dstc11", 2)):
        for row in rows(data / "intent" / name / "dev.jsonl")[::step]:
            yield Message(f"{name} support", row["text"], attack=False)
    for text in sorted({row["a"] for row in rows(data / "pairs" / "stackfaq_paraphrases" / "dev.jsonl")}):
        yield Message("stackfaq support", text, attack=False)
    for row in rows(data / "docs" / "plausible" / "questions.dev.jsonl"):
        yield Message("plausible support", row["text"], attack=False)
    for row in rows(data / "docs" / "letsencrypt_multilingual" / "faq.dev.jsonl"):
        yield Message("letsencrypt support", row.get("text") or row["question"], attack=False)
    for row in rows(data / "pii" / "support_synth_multilingual" / "dev.jsonl"):
        yield Message("seven languages harmless", row["text"], attack=False)
    for name in ("xquad", "mtrag_un"):
        found = rows(data / "retrieval" / name / "queries.dev.jsonl")
        rng.shuffle(found)
        yield from (Message(f"{name} harmless", row["text"], False) for row in found[:500] if "text" in row)


def _own(seed: int) -> Iterator[Message]:
    with ATTACKS.open("rb") as file:
        written = tomllib.load(file)
    grammar = Grammar({**written["slots"], **written["foreign_slots"], **written["shared_slots"]}, seed)
    for part, count in (("both", 30), ("messages", 30), ("foreign", 14)):
        for pattern in (pattern for patterns in written[part].values() for pattern in patterns):
            for text in grammar.several(pattern, count):
                yield Message("own attacks", text, attack=True, weight=WEIGHTS["own attacks"])
    with HARMLESS.open("rb") as file:
        written = tomllib.load(file)
    grammar = Grammar(written["slots"], seed)
    for part, count in (("texts", 30), ("foreign", 14)):
        for pattern in written["messages"][part]:
            yield from (Message("own harmless", text, attack=False) for text in grammar.several(pattern, count))
