"""The statements of the search.

The program chooses how vectors are compared, never the planner. In a small selection every vector is compared, walked
from the site's rows. In a large one the index of its dimensions is walked until enough of the site's rows are found
(pgvector's iterative scan); the planner is denied the other ways for as long as the transaction lasts. `OFFSET 0` keeps
it from turning a look at one row for each candidate into a scan of all sites' rows.
"""

from dataclasses import dataclass

from sqlalchemy import TextClause, text

EXACT_ROWS = 10_000
"""Vectors of a selection up to which all of them are compared: about ten milliseconds."""
INDEXED_DIMENSIONS = (384, 768, 1024)
"""Lengths of vectors that have an index. Vectors of another length are always compared one by one."""

_RARE = 1000
"""In a large selection, a word that more passages have is counted in a sample, and looked for among candidates only:
alone it is worth too little to bring a passage to the top."""
_SAMPLE_DOCUMENTS = 256
_SAMPLE_PASSAGES = 2000

_HIDDEN = """
    hidden_documents AS MATERIALIZED (
        SELECT id FROM documents
        WHERE site_id = :site_id AND audience <> '{}' AND NOT audience && CAST(:labels AS text[])
    ),
    hidden AS MATERIALIZED (
        SELECT chunks.id FROM hidden_documents JOIN chunks ON document_id = hidden_documents.id
    )
"""
"""What the reader may not see. Only the site's restricted documents are looked at, which have an index of their own."""

PREPARE = text(
    f"""
    WITH {_HIDDEN}
    SELECT
        (
            SELECT count(*) FROM (
                SELECT FROM embeddings
                WHERE site_id = :site_id AND model = :model
                    AND NOT EXISTS (SELECT FROM hidden WHERE hidden.id = chunk_id)
                LIMIT :most_exact + 1
            ) AS selection
        ) AS rows,
        EXISTS (SELECT FROM hidden) AS restricted,
        set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
        set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '400', true),
        set_config('hnsw.max_scan_tuples', '400000', true), set_config('work_mem', '64MB', true)
    """  # noqa: S608 - pieces of this module
)
"""Counts the vectors of the selection, up to one more than are compared one by one, tells whether anything is hidden
from the reader, and sets the planner for the transaction. It is sent first, because a statement is planned before it
sets anything."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """The pieces of a statement that keep what is hidden out of it: out of counts as much as out of what is found.

    `NOT IN` looks into a table of hashes, which has to fit into `work_mem`. A join would lose an index's order.
    """

    ctes: str = ""
    chunk_id: str = ""
    id: str = ""
    document_id: str = ""


_EVERYTHING = _Reader()
_RESTRICTED = _Reader(
    ctes=f"{_HIDDEN},",
    chunk_id="AND chunk_id NOT IN (SELECT id FROM hidden)",
    id="AND chunks.id NOT IN (SELECT id FROM hidden)",
    document_id="AND documents.id NOT IN (SELECT id FROM hidden_documents)",
)

# A passage's words are cut to stems by the dictionary of its language, so the question's are cut by each dictionary
# that the site has, found by one step through the index each. What says nothing in the question's own language is no
# term in another one, where it may be rare: words stand at the same positions whatever dictionary reads them.
# `words` holds each word once. A term is a tsquery made by a cast, because the word is stemmed already.
_TERMS = """
    dictionaries AS (
        (SELECT dictionary FROM chunks WHERE site_id = :site_id ORDER BY dictionary LIMIT 1)
        UNION ALL
        SELECT (
            SELECT chunks.dictionary FROM chunks
            WHERE site_id = :site_id AND chunks.dictionary > dictionaries.dictionary ORDER BY dictionary LIMIT 1
        )
        FROM dictionaries WHERE dictionary IS NOT NULL
    ),
    meant AS MATERIALIZED (
        SELECT array_agg(position) AS positions
        FROM unnest(to_tsvector(CAST(:asked_in AS regconfig), :question)) AS word, unnest(word.positions) AS position
    ),
    terms AS MATERIALIZED (
        SELECT dictionary, lexeme,
            CAST('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' AS tsquery) AS term
        FROM (SELECT dictionary FROM dictionaries WHERE dictionary IS NOT NULL) AS spoken CROSS JOIN LATERAL (
            SELECT lexeme FROM unnest(to_tsvector(CAST(dictionary AS regconfig), :question)) AS word
            WHERE word.positions && (SELECT positions FROM meant)
            ORDER BY word.positions[1]
            LIMIT :most_words
        ) AS words
    )
"""
# The own index of a site and its dictionaries is no way to find a word: `|| ''` keeps the planner from it.
_OF_ITS_DICTIONARY = "AND dictionary || '' = terms.dictionary"

_WEIGHTS = """
    weights AS MATERIALIZED (
        SELECT dictionary, least(:idf_weight, :most_words_weight / sum(idf)) AS weight FROM worth GROUP BY dictionary
    )
"""

_RANKED = """
    scored AS MATERIALIZED (
        SELECT candidates.*, document_id, row_number() OVER (PARTITION BY document_id ORDER BY own DESC) AS place
        FROM candidates CROSS JOIN LATERAL (SELECT document_id FROM chunks WHERE id = chunk_id OFFSET 0) AS passage
    ),
    best AS (
        SELECT chunk_id, similarity,
            own + :document_weight * avg(own) FILTER (WHERE place <= :document_passages) OVER (PARTITION BY document_id)
                AS score
        FROM scored
        ORDER BY score DESC, chunk_id
        LIMIT :limit
    )
    SELECT best.chunk_id, documents.path, documents.title, chunks.heading, documents.url, chunks.text, chunks.page,
        chunks.suspicious, score,
        1 - (own.vector <=> CAST(:own_vector AS halfvec)) AS similarity, following.text AS following
    FROM best
    JOIN chunks ON chunks.id = best.chunk_id
    JOIN embeddings AS own ON own.chunk_id = best.chunk_id AND own.model = :own_model
    JOIN documents ON documents.id = chunks.document_id
    LEFT JOIN chunks AS following
        ON following.document_id = chunks.document_id
        AND following.position = chunks.position + 1 AND following.heading = chunks.heading
    ORDER BY score DESC, best.chunk_id
"""


def _exact(reader: _Reader) -> TextClause:
    """The statement that compares every vector."""
    return text(
        f"""
        WITH RECURSIVE {reader.ctes}
        near AS MATERIALIZED (
            SELECT chunk_id, 1 - (vector <=> CAST(:vector AS halfvec)) AS similarity
            FROM embeddings
            WHERE site_id = :site_id AND model = :model {reader.chunk_id}
        ),
        {_TERMS},
        matches AS MATERIALIZED (
            SELECT dictionary, lexeme, found.id AS chunk_id
            FROM terms CROSS JOIN LATERAL (
                SELECT id FROM chunks
                WHERE words @@ term AND site_id = :site_id {_OF_ITS_DICTIONARY} {reader.id} OFFSET 0
            ) AS found
        ),
        worth AS MATERIALIZED (
            SELECT dictionary, lexeme, ln(1 + (passages - count(*) + 0.5) / (count(*) + 0.5)) AS idf
            FROM matches CROSS JOIN (SELECT CAST(count(*) AS float8) AS passages FROM near) AS site
            GROUP BY dictionary, lexeme, passages
        ),
        {_WEIGHTS},
        shared AS (
            SELECT chunk_id, sum(idf) * weight AS words
            FROM matches JOIN worth USING (dictionary, lexeme) JOIN weights USING (dictionary)
            GROUP BY chunk_id, weight
        ),
        candidates AS MATERIALIZED (
            SELECT chunk_id, similarity, similarity + coalesce(words, 0) AS own
            FROM near LEFT JOIN shared USING (chunk_id)
            ORDER BY own DESC
            LIMIT :candidates
        ),
        {_RANKED}
        """  # noqa: S608 - pieces of this module
    )


def _approximate(dimensions: int, reader: _Reader) -> TextClause:
    """The statement for vectors of a length that has an index.

    Candidates are the nearest vectors, and the passages whose rare words are worth most. The site's own index cannot
    serve expressions of its columns, so that the vectors' index is the only one left to the planner.
    """
    return text(
        f"""
        WITH RECURSIVE {reader.ctes}
        nearest AS MATERIALIZED (
            SELECT chunk_id
            FROM embeddings
            WHERE site_id + 0 = :site_id AND model || '' = :model AND vector_dims(vector) = {dimensions}
                {reader.chunk_id}
            ORDER BY CAST(vector AS halfvec({dimensions})) <#> CAST(:vector AS halfvec({dimensions}))
            LIMIT :candidates
        ),
        {_TERMS},
        matches AS MATERIALIZED (
            SELECT dictionary, lexeme, found.id AS chunk_id
            FROM terms CROSS JOIN LATERAL (
                SELECT id FROM chunks
                WHERE words @@ term AND site_id = :site_id {_OF_ITS_DICTIONARY} {reader.id} LIMIT {_RARE}
            ) AS found
        ),
        counted AS MATERIALIZED (
            SELECT dictionary, lexeme, term, CAST(count(*) AS float8) AS passages
            FROM terms JOIN matches USING (dictionary, lexeme)
            GROUP BY dictionary, lexeme, term
        ),
        picked AS MATERIALIZED (
            SELECT id FROM documents
            WHERE site_id = :site_id {reader.document_id}
            ORDER BY content_hash LIMIT {_SAMPLE_DOCUMENTS}
        ),
        sample AS MATERIALIZED (
            SELECT dictionary, words FROM picked JOIN chunks ON document_id = picked.id LIMIT {_SAMPLE_PASSAGES}
        ),
        site AS MATERIALIZED (
            SELECT (SELECT count(*) FROM documents WHERE site_id = :site_id {reader.document_id})
                * (SELECT count(*) FROM picked JOIN chunks ON document_id = picked.id)
                / (SELECT CAST(count(*) AS float8) FROM picked) AS passages
        ),
        worth AS MATERIALIZED (
            SELECT dictionary, lexeme, term, common,
                ln(1 + greatest(site.passages - number, 0) / (number + 0.5) ) AS idf
            FROM site CROSS JOIN (
                SELECT dictionary, lexeme, term, passages = {_RARE} AS common, CASE
                    WHEN passages < {_RARE} THEN passages
                    ELSE greatest({_RARE}, (SELECT passages FROM site) * (
                        SELECT avg(CAST(words @@ term AND sample.dictionary = counted.dictionary AS int)) FROM sample
                    ))
                END AS number
                FROM counted OFFSET 0
            ) AS counted
        ),
        {_WEIGHTS},
        rare AS (
            SELECT chunk_id, sum(idf) AS rare
            FROM matches JOIN worth USING (dictionary, lexeme)
            WHERE NOT common
            GROUP BY chunk_id
        ),
        pool AS (
            SELECT chunk_id, sum(rare) AS rare
            FROM (
                SELECT chunk_id, CAST(0 AS float8) AS rare, true AS picked FROM nearest
                UNION ALL
                SELECT chunk_id, rare, row_number() OVER (ORDER BY rare DESC, chunk_id) <= :candidates FROM rare
            ) AS either
            GROUP BY chunk_id
            HAVING bool_or(picked)
        ),
        judged AS MATERIALIZED (
            SELECT chunk_id, rare, similarity
            FROM pool CROSS JOIN LATERAL (
                SELECT 1 - (vector <=> CAST(:vector AS halfvec)) AS similarity
                FROM embeddings WHERE embeddings.chunk_id = pool.chunk_id AND model = :model OFFSET 0
            ) AS one
        ),
        candidates AS MATERIALIZED (
            SELECT chunk_id, similarity, similarity + coalesce(weight * (rare + coalesce((
                SELECT sum(idf) FROM worth WHERE common AND words @@ term AND worth.dictionary = chunks.dictionary
            ), 0)), 0) AS own
            FROM judged CROSS JOIN LATERAL (SELECT dictionary, words FROM chunks WHERE id = chunk_id OFFSET 0) AS chunks
            LEFT JOIN weights ON weights.dictionary = chunks.dictionary
            ORDER BY own DESC
            LIMIT :candidates
        ),
        {_RANKED}
        """  # noqa: S608 - pieces of this module and a number
    )


EXACT = {restricted: _exact(reader) for restricted, reader in ((False, _EVERYTHING), (True, _RESTRICTED))}
"""By whether something is hidden from the reader."""
APPROXIMATE = {
    (dimensions, restricted): _approximate(dimensions, reader)
    for dimensions in INDEXED_DIMENSIONS
    for restricted, reader in ((False, _EVERYTHING), (True, _RESTRICTED))
}
"""By the length of the vectors, and by whether something is hidden from the reader."""
