"""Texts with marked spans for the tagger: drawn from templates, of the public sets, and harmless ones."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from evals.personal.translations import translations
from evals.personal.values import Values

TEMPLATES = Path(__file__).with_name("templates.toml")
DRAWS = {"en": 26}
OTHER_DRAWS = 22
HARMLESS_DRAWS = 6
TRANSLATIONS = 700
"""How often each template is filled, and how many sentences of interfaces each language gives."""
IGNORED = "?"
"""A label whose words neither reward nor punish."""
LABEL_OF_SLOT = {
    "name": "PERSON", "first": "PERSON", "last": "PERSON", "street": "ADDRESS", "streetname": "ADDRESS",
    "zip": "ADDRESS", "city": "PLACE", "country": "PLACE", "phone": "PHONE", "email": "EMAIL", "emailobf": "EMAIL",
    "card": "CREDIT_CARD", "iban": "IBAN", "nid": "NATIONAL_ID", "passport": "NATIONAL_ID", "dob": "DATE_OF_BIRTH",
    "user": "USERNAME", "pw": "PASSWORD", "ip": "IP", "url": "URL", "org": IGNORED, "job": IGNORED,
    "year0": IGNORED,
}  # fmt: skip
LABEL_OF_TYPE = {
    each: each
    for each in (
        "PERSON", "ADDRESS", "PHONE", "EMAIL", "CREDIT_CARD", "IBAN", "NATIONAL_ID", "DATE_OF_BIRTH", "USERNAME",
        "PASSWORD", "IP", "URL",
    )
} | {"LOCATION": "PLACE", "ORG": IGNORED, "DATE": IGNORED, "TITLE": IGNORED, "AGE": IGNORED, "NRP": IGNORED,
     "PREFIX": IGNORED}  # fmt: skip
NAMES_ONLY = {"PERSON": "PERSON", "LOCATION": IGNORED}
"""What counts in the set of noisy English: its organisations, products and works are no personal data."""

_WITH_PEOPLE = (
    "book_flight book_hotel calendar calendar_update cancel_reservation car_rental change_ai_name "
    "change_user_name confirm_reservation directions distance international_visa make_call meeting_schedule "
    "play_music reminder reminder_update restaurant_reservation restaurant_reviews schedule_meeting "
    "share_location spelling text travel_alert travel_notification travel_suggestion update_playlist user_name "
    "vaccines what_is_your_name who_made_you "
)
WITH_PEOPLE = frozenset(_WITH_PEOPLE.split())
"""Intents of the clean set whose examples do name people, or say where somebody goes."""

Part = Literal["train", "test"]
SLOT = re.compile(r"\{(\w+)\}|<(\w+)>")
"""A slot of a template: personal in braces, nobody's in angle brackets."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A text and its spans: start, end (exclusive), label. `family` keeps what belongs together in one part."""

    text: str
    spans: tuple[tuple[int, int, str], ...]
    source: str
    family: str
    language: str = "en"

    @property
    def part(self) -> Part:
        """A quarter of the families is kept for the figures."""
        return "test" if sha256(self.family.encode()).digest()[0] % 4 == 0 else "train"


def everything(data: Path, seed: int) -> list[Marked]:
    """All texts, those from templates drawn anew with the seed."""
    return [*drawn(seed), *public(data), *harmless(data), *translated()]


def templates() -> Iterator[str]:
    """Every sentence of our own, slots and all."""
    with TEMPLATES.open("rb") as file:
        for lists in tomllib.load(file).values():
            yield from lists["sentences"]
            yield from lists["harmless"]


def drawn(seed: int) -> Iterator[Marked]:
    """Texts from our own templates, alone and two or three together."""
    values = Values(seed)
    with TEMPLATES.open("rb") as file:
        languages = tomllib.load(file)
    for language, lists in languages.items():
        for sentence in lists["sentences"]:
            for _ in range(DRAWS.get(language, OTHER_DRAWS)):
                parts = [sentence]
                if values.random.random() < 0.35:
                    parts.append(values.random.choice(lists[values.random.choice(["sentences", "harmless"])]))
                    values.random.shuffle(parts)
                yield _filled(parts, sentence, language, values)
        for sentence in lists["harmless"]:
            for _ in range(HARMLESS_DRAWS if "<" in sentence else 2):
                yield _filled([sentence], sentence, language, values)


def public(data: Path) -> Iterator[Marked]:
    """Marked texts of the public sets."""
    for row in _rows(data / "pii" / "presidio_synth" / "dev.jsonl"):
        # Two generators share templates: what differs is how they name and space the slots.
        family = re.sub(r"\{\{\w+\}\}|\W+", " ", row["template"]).lower().strip()
        family = " ".join(family.split())[:60]
        yield _public(row, LABEL_OF_TYPE, "presidio", f"presidio {family}")
    for row in _rows(data / "pii" / "support_synth_multilingual" / "dev.jsonl"):
        yield _public(row, LABEL_OF_TYPE, "support", f"support {row['template']}")
    for row in _rows(data / "pii" / "wnut17_names" / "dev.jsonl"):
        yield _public(row, NAMES_ONLY, "wnut", row["text"])


def harmless(data: Path) -> Iterator[Marked]:
    """Messages and documents in which nothing is personal."""
    seen = set()
    for source, text in _harmless(data):
        if text not in seen:
            seen.add(text)
            yield Marked(text, (), source, text.lower().strip())


def translated() -> Iterator[Marked]:
    """Harmless sentences of interfaces in six languages, half of them in small letters as people type."""
    for language, sentences in translations().items():
        for row, sentence in enumerate(sentences[:TRANSLATIONS]):
            text = sentence.lower().rstrip(".") if row % 2 else sentence
            yield Marked(text, (), "translations", sentence, language)


def _harmless(data: Path) -> Iterator[tuple[str, str]]:
    for name, step in (("banking77_oos", 4), ("clinc150", 4), ("hint3", 1)):
        for row in _rows(data / "intent" / name / "dev.jsonl")[::step]:
            if row["intent"] not in WITH_PEOPLE and not (name == "clinc150" and row["is_oos"]):
                yield name, row["text"]
    for row in _rows(data / "pairs" / "stackfaq_paraphrases" / "dev.jsonl")[::3]:
        yield "stackfaq", row["a"]
    for row in _rows(data / "docs" / "plausible" / "questions.dev.jsonl"):
        yield "plausible", row["text"]
    for name, step in (("plausible", 3), ("letsencrypt_multilingual", 2)):
        for row in _rows(data / "docs" / name / "sections.jsonl")[::step]:
            if not re.search(r"@|\d\.\d+\.\d", row["text"][:300]):
                yield "documents", row["text"][:300]


def _filled(parts: list[str], family: str, language: str, values: Values) -> Marked:
    text, spans = "", []
    for number, part in enumerate(parts):
        if number:
            text += values.random.choice([" ", " ", "\n", ". ", ", "])
        end = 0
        for match in SLOT.finditer(part):
            text += part[end : match.start()]
            end = match.end()
            value = values.draw(match.group(1) or match.group(2), language)
            if match.group(1) in LABEL_OF_SLOT:
                spans.append((len(text), len(text) + len(value), LABEL_OF_SLOT[match.group(1)]))
            text += value
        text += part[end:]
    return Marked(text, tuple(spans), "drawn", f"drawn {family}", language)


def _public(row: dict[str, Any], labels: dict[str, str], source: str, family: str) -> Marked:
    spans = tuple((each["start"], each["end"], labels[each["type"]]) for each in row["spans"] if each["type"] in labels)
    return Marked(row["text"], spans, source, family, row["lang"])


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
