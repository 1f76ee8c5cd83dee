"""What the figures are measured on: documents and questions of the public data, or else of Parley's own guide."""

import json
from dataclasses import dataclass
from pathlib import Path

from app.guide import GUIDE

PUBLIC = Path("docs") / "plausible"
FORMS = (
    "How does {} work?",
    "Where do I find {}?",
    "What do I have to know about {}?",
    "I cannot get {} to work, what can I do?",
    "Can I change {}?",
    "Please tell me about {}.",
)


@dataclass(frozen=True, slots=True)
class Material:
    """Documents as records of title and text, and questions about them, none twice."""

    name: str
    documents: tuple[tuple[str, str], ...]
    questions: tuple[str, ...]

    def write(self, path: Path, *, copies: int = 1) -> None:
        """Write the documents as JSON Lines. Each copy of a document has an id and a first line of its own."""
        with path.open("w", encoding="utf-8") as file:
            for copy in range(copies):
                for number, (title, text) in enumerate(self.documents):
                    first = f"Edition {copy}.\n\n" if copy else ""
                    record = {"id": f"{number}-{copy}", "title": title, "text": first + text}
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")


def material(data: Path | None) -> Material:
    """Take the public documentation set if `data` has it, else the guide and questions made of its headings."""
    folder = data / PUBLIC if data else None
    if folder and (folder / "pages.jsonl").is_file():
        pages = [json.loads(line) for line in (folder / "pages.jsonl").read_text("utf-8").split("\n") if line]
        asked = [json.loads(line) for line in (folder / "questions.dev.jsonl").read_text("utf-8").split("\n") if line]
        return Material(
            "public documentation",
            tuple((page["title"], page["text"]) for page in pages),
            tuple(dict.fromkeys([*(each["text"] for each in asked), *_made([page["title"] for page in pages])])),
        )
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GUIDE.rglob("*.md"))}
    headings = [line.lstrip("# ") for text in texts.values() for line in text.split("\n") if line.startswith("#")]
    return Material("Parley's guide", tuple(texts.items()), tuple(_made(headings)))


def _made(subjects: list[str]) -> list[str]:
    return list(dict.fromkeys(form.format(subject.strip("`")) for form in FORMS for subject in subjects))
