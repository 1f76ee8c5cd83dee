"""The statements of the search, as psycopg takes them.

The program chooses how vectors are compared, never the planner. In a small selection every vector is compared, walked
from the site's rows. In a large one the index of its dimensions is walked until enough of the site's rows are found
(pgvector's iterative scan). `PREPARE` denies the planner the other ways, and lets it plan once for each connection
instead of once for each question. `OFFSET 0` keeps it from turning a look at one row for each candidate into a scan of
all sites' rows.

In a large selection words bring a passage only if they can bring it past the better half of what the vectors have
brought (`bar`): a worse one would only count in its document's mean. The commonest words that together cannot are
looked for among the passages that are there already, and nowhere else (Turtle and Flood, "Query evaluation: strategies
and optimizations", 1995).
"""

EXACT_ROWS = 10_000
"""Passages of a selection up to which all vectors are compared: about ten milliseconds."""
INDEXED_DIMENSIONS = (384, 768, 1024)
"""Lengths of vectors that have an index. Vectors of another length are always compared one by one."""

_MOST_MATCHES = 5000
"""Passages that are looked at because of their words. The words of a question count from the rarest; one that would
bring more is left for the passages that are there already."""

_SEEN = "(audience = '{}' OR audience && CAST(%(labels)s AS text[]))"

PREPARE = f"""
    SELECT
        (
            SELECT sum(passages) FROM word_counts WHERE site_id = %(site_id)s AND lexeme = '' AND {_SEEN}
        ) AS passages,
        set_config('plan_cache_mode', 'force_generic_plan', true),
        set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
        set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '400', true),
        set_config('hnsw.max_scan_tuples', '400000', true), set_config('work_mem', '64MB', true)
"""  # noqa: S608 - a piece of this module
"""Counts the passages of the selection, null if there are none, and sets the planner for the transaction. It is sent
first, because a statement is planned before it sets anything."""

# `NOT IN` looks into a table of hashes, which has to fit into `work_mem`. A join would lose an index's order. Only the
# site's restricted documents are looked at, which have an index of their own.
_HIDDEN = """
    hidden AS MATERIALIZED (
        SELECT chunks.id
        FROM (
            SELECT id FROM documents
            WHERE site_id = %(site_id)s AND audience <> '{}' AND NOT audience && CAST(%(labels)s AS text[]) OFFSET 0
        ) AS documents
        CROSS JOIN LATERAL (SELECT id FROM chunks WHERE document_id = documents.id OFFSET 0) AS chunks
    )
"""

# A passage's words are cut to stems by the dictionary of its language, so the question's are cut by each dictionary
# that the site has. What says nothing in the question's own language is no term in another one, where it may be rare:
# words stand at the same positions whatever dictionary reads them. A term is a tsquery made by a cast, because the word
# is stemmed already. `words` holds each word once.
_TERMS = f"""
    meant AS MATERIALIZED (
        SELECT array_agg(position) AS positions
        FROM unnest(to_tsvector(CAST(%(asked_in)s AS regconfig), %(question)s)) AS word,
            unnest(word.positions) AS position
    ),
    counted AS MATERIALIZED (
        SELECT dictionary, lexeme, term, number,
            ln(1 + (greatest(site.passages - number, 0) + 0.5) / (number + 0.5)) AS idf
        FROM site CROSS JOIN spoken CROSS JOIN LATERAL (
            SELECT lexeme, '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' AS term
            FROM unnest(to_tsvector(CAST(dictionary AS regconfig), %(question)s)) AS word
            WHERE word.positions && (SELECT positions FROM meant)
            ORDER BY word.positions[1]
            LIMIT %(most_words)s
        ) AS words CROSS JOIN LATERAL (
            SELECT CAST(sum(passages) AS float8) AS number FROM word_counts
            WHERE site_id = %(site_id)s AND word_counts.lexeme = words.lexeme
                AND word_counts.dictionary = spoken.dictionary AND {_SEEN}
            OFFSET 0
        ) AS those
        WHERE number > 0
    ),
    terms AS MATERIALIZED (
        SELECT dictionary, lexeme, term, CAST(term AS tsquery) AS query, number,
            idf * least(%(idf_weight)s, %(most_words_weight)s / sum(idf) OVER (PARTITION BY dictionary)) AS worth
        FROM counted
    )
"""  # noqa: S608 - a piece of this module

# What the terms are worth that a passage has.
_SHARED = """
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(worth), 0) AS words FROM terms
        WHERE terms.dictionary = passage.dictionary AND passage.words @@ query
    ) AS shared
"""

_HAVING = """
            SELECT id, document_id, dictionary, words FROM chunks
            WHERE site_id = %(site_id)s AND words @@ query AND dictionary = looked_for.dictionary
                AND id NOT IN (SELECT id FROM hidden)
            OFFSET 0
"""

_EXACT = f"""
    nearest AS MATERIALIZED (
        SELECT chunk_id, 1 - (vector <=> CAST(%(vector)s AS halfvec)) AS similarity
        FROM embeddings
        WHERE site_id = %(site_id)s AND model = %(model)s AND chunk_id NOT IN (SELECT id FROM hidden)
    ),
    looked_for AS (SELECT dictionary, CAST(string_agg(term, ' | ') AS tsquery) AS query FROM terms GROUP BY dictionary),
    worded AS MATERIALIZED (
        SELECT passage.id AS chunk_id, shared.words
        FROM looked_for CROSS JOIN LATERAL ({_HAVING}) AS passage
        {_SHARED}
    ),
    first AS MATERIALIZED (
        SELECT chunk_id, similarity + coalesce(words, 0) AS own
        FROM nearest LEFT JOIN worded USING (chunk_id)
        ORDER BY own DESC
        LIMIT %(candidates)s
    ),
    candidates AS MATERIALIZED (
        SELECT chunk_id, document_id, own
        FROM first CROSS JOIN LATERAL (SELECT document_id FROM chunks WHERE id = chunk_id OFFSET 0) AS passage
    )
"""  # noqa: S608 - a piece of this module
# The site's own index cannot serve expressions of its columns, so that the vectors' index is the only one left to the
# planner.
_WALKED = f"""
    nearest AS MATERIALIZED (
        SELECT chunk_id, 1 - (vector <=> CAST(%(vector)s AS halfvec)) AS similarity
        FROM (
            SELECT chunk_id, vector
            FROM embeddings
            WHERE site_id + 0 = %(site_id)s AND model || '' = %(model)s AND vector_dims(vector) = {{dimensions}}
                AND chunk_id NOT IN (SELECT id FROM hidden)
            ORDER BY CAST(vector AS halfvec({{dimensions}})) <#> CAST(%(vector)s AS halfvec({{dimensions}}))
            LIMIT %(candidates)s
        ) AS walked
    ),
    near_ones AS MATERIALIZED (
        SELECT chunk_id, similarity, document_id, similarity + shared.words AS own
        FROM nearest CROSS JOIN LATERAL (
            SELECT document_id, dictionary, words FROM chunks WHERE id = chunk_id OFFSET 0
        ) AS passage
        {_SHARED}
    ),
    bar AS MATERIALIZED (
        SELECT coalesce((
            SELECT own FROM near_ones ORDER BY own DESC OFFSET %(candidates)s / 2 LIMIT 1
        ) - min(similarity), 0) AS words
        FROM near_ones
    ),
    looked_for AS MATERIALIZED (
        SELECT dictionary, CAST(string_agg(term, ' | ') AS tsquery) AS query
        FROM (
            SELECT dictionary, term,
                sum(worth) OVER (PARTITION BY dictionary ORDER BY worth, lexeme) AS together,
                sum(number) OVER (ORDER BY worth DESC, lexeme, dictionary) AS matches
            FROM terms
        ) AS rising
        WHERE together > (SELECT words FROM bar) AND matches <= {_MOST_MATCHES}
        GROUP BY dictionary
    ),
    worded AS MATERIALIZED (
        SELECT passage.id AS chunk_id, document_id, shared.words
        FROM looked_for CROSS JOIN LATERAL ({_HAVING}) AS passage
        {_SHARED}
        WHERE shared.words > (SELECT words FROM bar) AND passage.id NOT IN (SELECT chunk_id FROM nearest)
        ORDER BY shared.words DESC, passage.id
        LIMIT %(candidates)s
    ),
    candidates AS MATERIALIZED (
        SELECT chunk_id, document_id, own FROM near_ones
        UNION ALL
        SELECT chunk_id, document_id, similarity + words
        FROM worded CROSS JOIN LATERAL (
            SELECT 1 - (vector <=> CAST(%(vector)s AS halfvec)) AS similarity
            FROM embeddings WHERE embeddings.chunk_id = worded.chunk_id AND model = %(model)s OFFSET 0
        ) AS one
        ORDER BY own DESC
        LIMIT %(candidates)s
    )
"""  # noqa: S608 - a number and pieces of this module

_RANKED = """
    scored AS MATERIALIZED (
        SELECT chunk_id, document_id, own, row_number() OVER (PARTITION BY document_id ORDER BY own DESC) AS place
        FROM candidates
    ),
    best AS (
        SELECT chunk_id,
            own + %(document_weight)s * avg(own) FILTER (WHERE place <= %(document_passages)s)
                OVER (PARTITION BY document_id) AS score
        FROM scored
        ORDER BY score DESC, chunk_id
        LIMIT %(limit)s
    )
    SELECT best.chunk_id, documents.path, documents.title, chunks.heading, documents.url, chunks.text, chunks.page,
        chunks.suspicious, score,
        1 - (own.vector <=> CAST(%(own_vector)s AS halfvec)) AS similarity, following.text AS following
    FROM best
    JOIN chunks ON chunks.id = best.chunk_id
    JOIN embeddings AS own ON own.chunk_id = best.chunk_id AND own.model = %(own_model)s
    JOIN documents ON documents.id = chunks.document_id
    LEFT JOIN chunks AS following
        ON following.document_id = chunks.document_id
        AND following.position = chunks.position + 1 AND following.heading = chunks.heading
        AND NOT following.suspicious  -- the passage is marked by its own text alone
    ORDER BY score DESC, best.chunk_id
"""


def _statement(found: str) -> str:
    return f"""
    WITH {_HIDDEN},
    spoken AS MATERIALIZED (
        SELECT dictionary, CAST(sum(passages) AS float8) AS passages FROM word_counts
        WHERE site_id = %(site_id)s AND lexeme = '' AND {_SEEN}
        GROUP BY dictionary
    ),
    site AS MATERIALIZED (SELECT sum(passages) AS passages FROM spoken),
    {_TERMS},
    {found},
    {_RANKED}
    """  # noqa: S608 - pieces of this module


EXACT = _statement(_EXACT)
"""Compares every vector."""
WALKED = {dimensions: _statement(_WALKED.format(dimensions=dimensions)) for dimensions in INDEXED_DIMENSIONS}
"""By the length of the vectors: walks their index. Candidates are the nearest vectors, and what the words bring."""
