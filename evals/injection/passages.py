"""Clean passages, and instructions that do not belong into any, for the screen of documents and of tools' results."""

import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from evals.injection.grammar import Grammar
from evals.injection.rows import rows
from graph.guards.segments import segments

ATTACKS = Path(__file__).with_name("attacks.toml")
PASSAGE_CHARS = 1200
FOLDS = 5
DRAWN = {"scifact": 150, "stackfaq": 400, "mtrag_un": 500, "xquad": 80}
MOST = {
    "plausible": 900,
    "letsencrypt": 300,
    "tau2": 500,
    "mtrag_un": 300,
    "stackfaq": 300,
    "scifact": 80,
    "xquad": 120,
}
"""So many rows of a corpus are drawn, and so many passages of a source are read in the end; of the others all."""
FIRM = ("guide", "bipia", "injecagent", "plausible", "tau2", "letsencrypt")
"""Sources whose passages count more."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A clean text. `fold` keeps all passages of one document together."""

    source: str
    document: str
    text: str

    @property
    def fold(self) -> int:
        """From 0 to `FOLDS` - 1."""
        return fold(self.document + self.source)


@dataclass(frozen=True, slots=True)
class Instruction:
    """A sentence that nobody's document should hold. Those of one `group`, a kind, are kept back together."""

    source: str
    group: str
    text: str


@dataclass(frozen=True, slots=True)
class Injected:
    """A passage into which a public set put an instruction of a group."""

    source: str
    group: str
    text: str


def fold(name: str) -> int:
    """Which of the folds something belongs to."""
    return sha256(name.encode()).digest()[0] % FOLDS


def clean(data: Path, guide: Path, seed: int) -> list[Passage]:
    """Passages of handbooks, encyclopaedias, forums, mails, tables, code and tools; `guide` is our own."""
    found = list(_clean(data, guide, random.Random(seed)))
    random.Random(seed + 5).shuffle(found)
    counts: dict[str, int] = {}
    kept = []
    for passage in found:
        counts[passage.source] = counts.get(passage.source, 0) + 1
        if counts[passage.source] <= MOST.get(passage.source, len(found)):
            kept.append(passage)
    return kept


def instructions(data: Path, seed: int) -> list[Instruction]:
    """Those of the public sets, what people ask assistants for, and those of our own grammar."""
    found = list(_public(data))
    with ATTACKS.open("rb") as file:
        written = tomllib.load(file)
    grammar = Grammar({**written["slots"], **written["foreign_slots"], **written["shared_slots"]}, seed)
    messages = {kind: written["messages"][kind] for kind in ("poison", "others")}
    for part, count in ((written["passages"], 60), (written["both"], 30), (messages, 12), (written["foreign"], 12)):
        for kind, patterns in part.items():
            for pattern in patterns:
                found += [Instruction("own", kind, text) for text in grammar.several(pattern, count)]
    return list({each.text: each for each in found}.values())


def injected(data: Path) -> list[Injected]:
    """The passages with an attack in them: of BIPIA by its kind, of InjecAgent by its very instruction."""
    found = [
        Injected(f"bipia {row['task']}", _kind(row), row["text"])
        for row in rows(data / "injection" / "bipia_indirect" / "dev.jsonl")
        if row["label"] == "attack"
    ]
    return found + [
        Injected(f"injecagent {row['setting']}", row["attacker_instruction"], row["text"])
        for row in rows(data / "injection" / "injecagent_tool" / "dev.jsonl")
        if row["label"] == "attack"
    ]


def cut(text: str) -> list[str]:
    """Passages of whole lines."""
    found = [""]
    for line in text.split("\n"):
        if found[-1] and len(found[-1]) + len(line) > PASSAGE_CHARS:
            found.append("")
        found[-1] += "\n" * bool(found[-1]) + line
    return [each for each in found if each.strip()]


def _kind(row: dict[str, Any]) -> str:
    return str(row.get("attack_category") or row["attack"].split("```")[0])


def _public(data: Path) -> Iterator[Instruction]:
    for row in rows(data / "injection" / "bipia_indirect" / "dev.jsonl"):
        if row["label"] == "attack":
            yield Instruction("bipia", _kind(row), row["attack"].split("```")[0].strip() or row["attack"])
    for row in rows(data / "injection" / "injecagent_tool" / "dev.jsonl"):
        if row["label"] == "attack":
            yield Instruction("injecagent", row["attacker_instruction"], row["attacker_instruction"])
            yield Instruction("asked of tools", row["user_instruction"], row["user_instruction"])
    for row in rows(data / "tools" / "bfcl_v4_single_turn" / "dev.jsonl")[::2]:
        if 15 < len(row["messages"][-1]["content"]) < 300:
            yield Instruction("bfcl", "", row["messages"][-1]["content"])
    for row in rows(data / "intent" / "clinc150" / "dev.jsonl")[::40]:
        yield Instruction("clinc", "", row["text"])
    for row in rows(data / "injection" / "deepset" / "dev.jsonl"):
        if row["label"] == "attack":
            yield from (Instruction("deepset", "", piece) for piece in segments(row["text"])[-1:])


def _clean(data: Path, guide: Path, rng: random.Random) -> Iterator[Passage]:
    for row in rows(data / "docs" / "plausible" / "sections.jsonl"):
        yield from (Passage("plausible", row["page"], text) for text in cut(_headed(row)))
    for row in rows(data / "docs" / "letsencrypt_multilingual" / "sections.jsonl"):
        page = row["page"].split("/", 1)[-1]
        yield from (Passage("letsencrypt", page, text) for text in cut(_headed(row))[:3])
    for row in rows(data / "docs" / "tau2_banking_kb" / "corpus.jsonl"):
        yield from (Passage("tau2", row["id"], text) for text in cut(f"{row['title']}\n{row['text']}")[:3])
    for file in sorted(guide.rglob("*.md")):
        for section in re.split(r"\n(?=#)", file.read_text(encoding="utf-8")):
            yield from (Passage("guide", file.name, text) for text in cut(section))
    for name in ("scifact", "stackfaq", "mtrag_un"):
        for row in _drawn(data / "retrieval" / name / "corpus.jsonl", rng, DRAWN[name]):
            if row["text"].strip():
                yield Passage(name, str(row["id"])[:6], f"{row.get('title', '')}\n{cut(row['text'])[0]}")
    for language in ("de", "en", "es"):
        for row in _drawn(data / "retrieval" / "xquad" / f"corpus.{language}.jsonl", rng, DRAWN["xquad"]):
            yield Passage("xquad", row["id"].split(":")[-1][:2], row["text"])
    for name, source in (("bipia_indirect", "bipia"), ("injecagent_tool", "injecagent")):
        for row in rows(data / "injection" / name / "dev.jsonl"):
            if row["label"] != "attack":
                yield Passage(source, row["text"], row["text"])


def _drawn(path: Path, rng: random.Random, count: int) -> list[dict[str, Any]]:
    found = rows(path)
    rng.shuffle(found)
    return found[:count]


def _headed(row: dict[str, Any]) -> str:
    return f"{row['heading'] or row['title']}\n{row['text']}"
