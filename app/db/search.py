"""The search for passages: words and vectors of one site, for one visitor's eyes, in one statement."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.search_sql import APPROXIMATE, EXACT, EXACT_ROWS, INDEXED_DIMENSIONS, PREPARE
from graph.context import FloatArray, Passage
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

SPARE = 2
"""So many times the passages asked for are fetched, so that near-duplicates can be left out."""


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
    ) -> None:
        """Reads only when it is asked.

        Args:
            encoder_name: the installed encoder, which gives similarities, and ranks unless another one does.
            rank: asked for each question which encoder ranks.
        """
        self._sessions = sessions
        self._site_id = site_id
        self._own = encoder_name
        self._rank = rank

    async def search(self, question: str, vector: FloatArray, *, limit: int) -> list[Passage]:
        """Return the passages that may answer the question, best first, none of them twice.

        Args:
            question: what was asked.
            vector: its vector of unit length, shape `(dimensions,)`.
            limit: most passages to return.
        """
        ranking = (await self._rank(question) if self._rank else None) or Ranking(self._own, vector)
        dimensions = len(ranking.vector)
        scope = {"site_id": self._site_id, "model": ranking.encoder}
        async with self._sessions() as session:
            rows = await session.scalar(PREPARE, scope)
            exact = dimensions not in INDEXED_DIMENSIONS or (rows or 0) <= EXACT_ROWS
            found = await session.execute(
                EXACT if exact else APPROXIMATE[dimensions],
                scope
                | {
                    "vector": _written(ranking.vector),
                    "own_model": self._own,
                    "own_vector": _written(vector),
                    "question": searchable(question),
                    "most_words": MOST_WORDS,
                    "idf_weight": IDF_WEIGHT,
                    "most_words_weight": MOST_WORDS_WEIGHT,
                    "candidates": max(CANDIDATES, SPARE * limit),
                    "document_weight": DOCUMENT_WEIGHT,
                    "document_passages": DOCUMENT_PASSAGES,
                    "limit": SPARE * limit,
                },
            )
            passages = [
                Passage(
                    chunk_id=row.chunk_id,
                    document=row.path,
                    title=row.title,
                    heading=_below_title(row.heading, row.title),
                    url=row.url,
                    text=completed(row.text, row.following),
                    score=row.score,
                    similarity=row.similarity,
                )
                for row in found
            ]
        return without_twins(passages)[:limit]


def _written(vector: FloatArray) -> str:
    """A vector as PostgreSQL reads it."""
    return "[" + ",".join(f"{number:.5g}" for number in vector.tolist()) + "]"


def _below_title(heading: str, title: str) -> str:
    return heading[len(title) :].removeprefix(SEPARATOR) if heading.startswith(title) else heading
