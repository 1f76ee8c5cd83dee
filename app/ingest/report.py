"""What an ingestion did."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class IngestReport:
    """Counts of documents, and what could not be read and why. `chunks` counts the passages that were written.

    `seen` counts the files, pages and records that were looked at. `encoded` counts the passages that were there and
    that the encoder had not seen. `marked` names the documents that seem to hold instructions to the assistant.
    """

    seen: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    chunks: int = 0
    encoded: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    marked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def documents(self) -> int:
        """Documents that were read or found unchanged."""
        return self.added + self.changed + self.unchanged

    def add(self, other: "IngestReport") -> None:
        """Count what another one counts, too."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion has come: documents looked at, passages stored, and the document at hand."""

    documents: int
    chunks: int
    path: str
