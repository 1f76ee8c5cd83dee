"""The search for passages: words and vectors of one site, for one visitor's eyes, in one statement."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.search_sql import APPROXIMATE, EXACT, EXACT_ROWS, INDEXED_DIMENSIONS, PREPARE
from app.db.tables.knowledge import DICTIONARIES, ENGLISH
from graph.context import FloatArray, Passage
from graph.guards.language import language_of
from graph.knowledge.fuse import (
    CANDIDATES,
    DOCUMENT_PASSAGES,
    DOCUMENT_WEIGHT,
    IDF_WEIGHT,
    MOST_WORDS,
    MOST_WORDS_WEIGHT,
    searchable,
)
from graph.knowledge.neighbours import completed
from graph.knowledge.split import SEPARATOR
from graph.knowledge.twins import without_twins

SPARES = (2, 10)
"""So many times the passages asked for are fetched, so that near-duplicates can be left out; then, if that was not
enough, so many times."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What passages are ranked by: an encoder's name and its vector of the question, of unit length."""

    encoder: str
    vector: FloatArray


Rank = Callable[[str], Awaitable[Ranking | None]]


class SiteKnowledge:
    """The documents of one site, as `graph.context.Knowledge` asks for them."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        site_id: int,
        encoder_name: str,
        rank: Rank | None = None,
        labels: Collection[str] = (),
        *,
        exact_rows: int = EXACT_ROWS,
    ) -> None:
        """Reads only when it is asked.

        Args:
            encoder_name: the installed encoder, which gives similarities, and ranks unless another one does.
            rank: asked for each question which encoder ranks.
            labels: the reader's. A document with an audience is there for those only who have one of its labels.
            exact_rows: vectors up to which all of them are compared.
        """
        self._sessions = sessions
        self._site_id = site_id
        self._own = encoder_name
        self._rank = rank
        self._labels = sorted(labels)
        self._exact_rows = exact_rows

    async def search(self, question: str, vector: FloatArray, *, limit: int) -> list[Passage]:
        """Return the passages that may answer the question, best first, none of them twice.

        Args:
            question: what was asked.
            vector: its vector of unit length, shape `(dimensions,)`.
            limit: most passages to return.
        """
        ranking = (await self._rank(question) if self._rank else None) or Ranking(self._own, vector)
        scope = {"site_id": self._site_id, "model": ranking.encoder, "labels": self._labels}
        asked = scope | {
            "vector": _written(ranking.vector),
            "own_model": self._own,
            "own_vector": _written(vector),
            "question": searchable(question),
            "asked_in": _dictionary(question),
            "most_words": MOST_WORDS,
            "idf_weight": IDF_WEIGHT,
            "most_words_weight": MOST_WORDS_WEIGHT,
            "document_weight": DOCUMENT_WEIGHT,
            "document_passages": DOCUMENT_PASSAGES,
        }
        async with self._sessions() as session:
            selection = (await session.execute(PREPARE, scope | {"most_exact": self._exact_rows})).one()
            dimensions = len(ranking.vector)
            exact = dimensions not in INDEXED_DIMENSIONS or selection.rows <= self._exact_rows
            statement = EXACT[selection.restricted] if exact else APPROXIMATE[dimensions, selection.restricted]
            for spare in SPARES:
                most = spare * limit
                bounds = {"candidates": max(CANDIDATES, most), "limit": most}
                found = (await session.execute(statement, asked | bounds)).all()
                passages = without_twins([_passage(row) for row in found])
                if len(passages) >= limit or len(found) < most:
                    break
        return passages[:limit]


def _passage(row: Row[Any]) -> Passage:
    return Passage(
        chunk_id=row.chunk_id,
        document=row.path,
        title=row.title,
        heading=_below_title(row.heading, row.title),
        url=row.url,
        text=completed(row.text, row.following),
        score=row.score,
        similarity=row.similarity,
        page=row.page,
        suspicious=row.suspicious,
    )


def _dictionary(question: str) -> str:
    """What knows which of the question's words say nothing; `simple` takes every word for one that does."""
    language = language_of(question)
    return ENGLISH if language == "en" else DICTIONARIES.get(language or "", "simple")


def _written(vector: FloatArray) -> str:
    """A vector as PostgreSQL reads it."""
    return "[" + ",".join(f"{number:.5g}" for number in vector.tolist()) + "]"


def _below_title(heading: str, title: str) -> str:
    return heading[len(title) :].removeprefix(SEPARATOR) if heading.startswith(title) else heading
