"""How many passages have a word: kept beside the passages, in the transaction that writes them.

The search weighs words by how rare they are among what the reader may see, so passages are counted apart by audience.
Callers hold the site (`app.db.sites.knowledge_changed`), so that no two count at once.
"""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# The empty word stands in every passage.
_HELD = """
    SELECT lexeme, dictionary, audience, count(*) AS passages
    FROM documents JOIN chunks ON document_id = documents.id
    CROSS JOIN LATERAL (SELECT unnest(tsvector_to_array(words)) UNION ALL SELECT '') AS held (lexeme)
    WHERE documents.site_id = :site_id AND {which}
    GROUP BY lexeme, dictionary, audience
"""
_COUNT = text(
    f"""
    INSERT INTO word_counts (site_id, lexeme, dictionary, audience, passages)
    SELECT :site_id, lexeme, dictionary, audience, passages
    FROM ({_HELD.format(which="documents.id = ANY(CAST(:ids AS bigint[]))")}) AS more
    ON CONFLICT (site_id, lexeme, dictionary, audience)
    DO UPDATE SET passages = word_counts.passages + excluded.passages
    """  # noqa: S608 - a piece of this module
)
_UNCOUNT = text(
    f"""
    WITH less AS MATERIALIZED (
        {_HELD.format(which="source = :source AND path = ANY(CAST(:paths AS text[]))")}
    ),
    gone AS (
        DELETE FROM word_counts USING less
        WHERE word_counts.site_id = :site_id
            AND (word_counts.lexeme, word_counts.dictionary, word_counts.audience)
                = (less.lexeme, less.dictionary, less.audience)
            AND word_counts.passages <= less.passages
    )
    UPDATE word_counts SET passages = word_counts.passages - less.passages FROM less
    WHERE word_counts.site_id = :site_id
        AND (word_counts.lexeme, word_counts.dictionary, word_counts.audience)
            = (less.lexeme, less.dictionary, less.audience)
        AND word_counts.passages > less.passages
    """  # noqa: S608 - a piece of this module
)


async def count_words(session: AsyncSession, site_id: int, document_ids: Collection[int]) -> None:
    """Count the passages of documents of a site that were written and are not counted yet."""
    await session.execute(_COUNT, {"site_id": site_id, "ids": list(document_ids)})


async def uncount_words(session: AsyncSession, site_id: int, source: str, paths: Collection[str]) -> None:
    """Take documents out of the counts, before their passages are removed and before they get another audience."""
    await session.execute(_UNCOUNT, {"site_id": site_id, "source": source, "paths": list(paths)})
