"""The search for passages: words and vectors of one site, for one visitor's eyes, in one statement."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from pgvector import HalfVector
from psycopg import AsyncConnection
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import namedtuple_row
from psycopg.types.numeric import Int8
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.search_sql import EXACT, EXACT_ROWS, PREPARE, WALKED
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
        stand_in: Rank | None = None,
        exact_rows: int = EXACT_ROWS,
    ) -> None:
        """Reads only when it is asked.

        Args:
            encoder_name: the installed encoder, which gives similarities, and ranks unless another one does.
            rank: asked for each question which encoder ranks.
            labels: the reader's. A document with an audience is there for those only who have one of its labels.
            stand_in: asked for each question which encoder takes the installed one's place, as long as that one has not
                seen the site.
            exact_rows: vectors up to which all of them are compared.
        """
        self._sessions = sessions
        self._site_id = site_id
        self._own = encoder_name
        self._rank = rank
        self._stand_in = stand_in
        self._labels = sorted(labels)
        self._exact_rows = exact_rows

    async def search(self, question: str, vector: FloatArray, *, limit: int) -> list[Passage]:
        """Return the passages that may answer the question, best first, none of them twice.

        Args:
            question: what was asked.
            vector: its vector of unit length, shape `(dimensions,)`.
            limit: most passages to return.
        """
        own = (await self._stand_in(question) if self._stand_in else None) or Ranking(self._own, vector)
        ranking = (await self._rank(question) if self._rank else None) or own
        scope = {"site_id": Int8(self._site_id), "labels": self._labels}
        asked = scope | {
            "model": ranking.encoder,
            "vector": HalfVector(ranking.vector),
            "own_model": own.encoder,
            "own_vector": HalfVector(own.vector),
            "question": searchable(question),
            "asked_in": _dictionary(question),
            "most_words": MOST_WORDS,
            "idf_weight": IDF_WEIGHT,
            "most_words_weight": MOST_WORDS_WEIGHT,
            "document_weight": DOCUMENT_WEIGHT,
            "document_passages": DOCUMENT_PASSAGES,
        }
        async with self._sessions() as session:
            database = await _below(session)
            for spare in SPARES:
                most = spare * limit
                async with database.pipeline():  # sends the transaction's beginning along
                    begun = await database.execute(PREPARE, scope, prepare=True)
                (passages, *_) = await begun.fetchone() or (None,)
                walked = WALKED.get(len(ranking.vector)) if (passages or 0) > self._exact_rows else None
                bounds = {"candidates": max(CANDIDATES, most), "limit": most}
                cursor = database.cursor(row_factory=namedtuple_row)
                cursor.adapters.register_dumper(HalfVector, _HalfVectorDumper)
                async with database.pipeline():  # sends its end along
                    await cursor.execute(walked or EXACT, asked | bounds, prepare=True)
                    await database.commit()
                rows = await cursor.fetchall()
                found = without_twins(map(_passage, rows), most=limit)
                if len(found) >= limit or len(rows) < most:
                    break
        return found


async def _below(session: AsyncSession) -> AsyncConnection[Any]:
    """The session's connection as psycopg has it, which prepares a statement once and takes vectors as they are."""
    database = (await (await session.connection()).get_raw_connection()).driver_connection
    assert isinstance(database, AsyncConnection)  # noqa: S101 - the engine's driver is psycopg
    return database


class _HalfVectorDumper(Dumper):
    """Vectors as PostgreSQL sends and receives them; their type follows from the statement's cast."""

    format = Format.BINARY

    def dump(self, obj: HalfVector) -> bytes:
        return bytes(obj.to_binary())


def _passage(row: Any) -> Passage:
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


def _below_title(heading: str, title: str) -> str:
    return heading[len(title) :].removeprefix(SEPARATOR) if heading.startswith(title) else heading
