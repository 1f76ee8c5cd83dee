"""What a stored document depends on, in one hash: where it is another, the document is read anew."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

SPLITTER = "4"
"""Counted up when documents are read, cut or screened in another way: the next ingestion then reads all anew."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Stamps the documents of one source as they would be stored now. Which encoder sees them does not count.

    Attributes:
        chunk_tokens: how they are cut.
        labels: for whom they are.
        judge: who looks for instructions in them; empty if nobody does.
        better: other judges whose marks stand: a document that one of them has judged need not be judged again.
    """

    chunk_tokens: int
    labels: Sequence[str]
    judge: str = ""
    better: frozenset[str] = frozenset()

    def of(self, digest: str, url: str | None) -> str:
        """The hash of a document with this content and address."""
        return self._hash(digest, url, self.judge)

    def holds(self, stored: str | None, digest: str, url: str | None) -> bool:
        """Whether a document that was stored with a hash is as it would be stored now, or better judged."""
        return any(stored == self._hash(digest, url, judge) for judge in (self.judge, *self.better))

    def _hash(self, digest: str, url: str | None, judge: str) -> str:
        parts = (SPLITTER, str(self.chunk_tokens), judge, digest, *(() if url is None else (url,)), *self.labels)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
