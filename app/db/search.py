"""The search for passages: words and vectors of one site, in one statement."""

from pgvector import HalfVector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

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
from graph.knowledge.split import SEPARATOR

# Exact: every vector of the site is compared. The tables are walked from the site's rows, so that no plan can look
# at another site's. `words` holds each word once, as a tsquery made by a cast, because it is stemmed already.
_SEARCH = text(
    """
    WITH near AS MATERIALIZED (
        SELECT chunk_id, 1 - (vector <=> CAST(:vector AS halfvec)) AS similarity
        FROM embeddings
        WHERE site_id = :site_id AND model = :model
    ),
    terms AS MATERIALIZED (
        SELECT lexeme, CAST('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' AS tsquery) AS term
        FROM unnest(to_tsvector('english', :question))
        ORDER BY positions[1]
        LIMIT :most_words
    ),
    matches AS MATERIALIZED (
        SELECT lexeme, chunks.id AS chunk_id
        FROM terms JOIN chunks ON chunks.words @@ term AND chunks.site_id = :site_id
    ),
    worth AS MATERIALIZED (
        SELECT lexeme, ln(1 + (passages - count(*) + 0.5) / (count(*) + 0.5)) AS idf
        FROM matches CROSS JOIN (SELECT CAST(count(*) AS float8) AS passages FROM near) AS site
        GROUP BY lexeme, passages
    ),
    shared AS (
        SELECT chunk_id, sum(idf) * (SELECT least(:idf_weight, :most_words_weight / sum(idf)) FROM worth) AS words
        FROM matches JOIN worth USING (lexeme)
        GROUP BY chunk_id
    ),
    candidates AS MATERIALIZED (
        SELECT chunk_id, similarity, similarity + coalesce(words, 0) AS own
        FROM near LEFT JOIN shared USING (chunk_id)
        ORDER BY own DESC
        LIMIT :candidates
    ),
    scored AS MATERIALIZED (
        SELECT candidates.*, document_id, row_number() OVER (PARTITION BY document_id ORDER BY own DESC) AS place
        FROM candidates JOIN chunks ON chunks.id = chunk_id
    ),
    about AS (
        SELECT document_id, :document_weight * avg(own) AS prior
        FROM scored WHERE place <= :document_passages
        GROUP BY document_id
    ),
    best AS (
        SELECT chunk_id, similarity, own + prior AS score
        FROM scored JOIN about USING (document_id)
        ORDER BY score DESC, chunk_id
        LIMIT :limit
    )
    SELECT chunk_id, documents.path, documents.title, chunks.heading, documents.url, chunks.text, score, similarity
    FROM best
    JOIN chunks ON chunks.id = chunk_id
    JOIN documents ON documents.id = chunks.document_id
    ORDER BY score DESC, chunk_id
    """
)


class SiteKnowledge:
    """The documents of one site, as `graph.context.Knowledge` asks for them."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], site_id: int, encoder_name: str) -> None:
        """`encoder_name` says which vectors are compared: those that this encoder made."""
        self._sessions = sessions
        self._site_id = site_id
        self._model = encoder_name

    async def search(self, question: str, vector: FloatArray, *, limit: int) -> list[Passage]:
        """Return the passages that may answer the question, best first.

        Args:
            question: what was asked.
            vector: its vector of unit length, shape `(dimensions,)`.
            limit: most passages to return.
        """
        async with self._sessions() as session:
            rows = await session.execute(
                _SEARCH,
                {
                    "vector": HalfVector(vector).to_text(),
                    "site_id": self._site_id,
                    "model": self._model,
                    "question": searchable(question),
                    "most_words": MOST_WORDS,
                    "idf_weight": IDF_WEIGHT,
                    "most_words_weight": MOST_WORDS_WEIGHT,
                    "candidates": max(CANDIDATES, limit),
                    "document_weight": DOCUMENT_WEIGHT,
                    "document_passages": DOCUMENT_PASSAGES,
                    "limit": limit,
                },
            )
            return [
                Passage(
                    chunk_id=row.chunk_id,
                    document=row.path,
                    title=row.title,
                    heading=_below_title(row.heading, row.title),
                    url=row.url,
                    text=row.text,
                    score=row.score,
                    similarity=row.similarity,
                )
                for row in rows
            ]


def _below_title(heading: str, title: str) -> str:
    return heading[len(title) :].removeprefix(SEPARATOR) if heading.startswith(title) else heading
