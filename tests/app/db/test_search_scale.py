"""The search finds the nearest whatever share of all passages a site holds, and counts no word twice."""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray
from pgvector import HalfVector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.engine import make_engine
from app.db.search import SiteKnowledge
from app.db.sites import ensure_site
from app.db.word_counts import count_words
from graph.context import FloatArray

Sessions = async_sessionmaker[AsyncSession]
SITES = {"0.1 %": 4, "1 %": 40, "10 %": 400, "20 %": 800, "69 %": 2756}
READERS = {"5 %": (), "55 %": ("half",), "100 %": ("half", "rest")}
"""Labels of readers, by the share of a site's passages that they may read."""
DIMENSIONS = 384
CLUSTERS = 60
QUESTIONS = 12
EXACT_ROWS = 400
pytestmark = pytest.mark.asyncio(loop_scope="module")
COMMON, RARE = "gadget", "zeppelin"


def unit(vectors: NDArray[Any]) -> FloatArray:
    scaled: FloatArray = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return scaled


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shelves(module_database_url: str) -> AsyncIterator[tuple[Sessions, dict[str, FloatArray], FloatArray]]:
    """Sites of several sizes with clustered vectors, and questions near them."""
    engine = make_engine(module_database_url)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    draw = np.random.default_rng(7)
    centres = unit(draw.normal(size=(CLUSTERS, DIMENSIONS)))
    vectors: dict[str, FloatArray] = {}
    async with sessions.begin() as session:
        # Built after the rows are there, which is quicker than to add them one by one.
        index = await session.scalar(
            text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"),
            {"name": f"embeddings_nearest_{DIMENSIONS}"},
        )
        await session.execute(text(f"DROP INDEX embeddings_nearest_{DIMENSIONS}"))
        for name, count in SITES.items():
            noise = draw.normal(0, 0.05, (count, DIMENSIONS))
            vectors[name] = unit(centres[draw.integers(CLUSTERS, size=count)] + noise)
            await fill(session, (await ensure_site(session, name)).id, vectors[name])
        assert index is not None
        await session.execute(text(index))
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
    yield sessions, vectors, unit(centres[:QUESTIONS] + draw.normal(0, 0.05, (QUESTIONS, DIMENSIONS)))
    await engine.dispose()


async def fill(session: AsyncSession, site_id: int, vectors: FloatArray) -> None:
    """One document a vector. Every second passage has the common word, the last one a rare one."""
    rows = [
        {
            "site_id": site_id,
            "path": str(number),
            "text": f"n{number} {COMMON if number % 2 else 'thing'} {RARE if number == len(vectors) - 1 else ''}",
            "vector": HalfVector(vector).to_text(),
        }
        for number, vector in enumerate(vectors)
    ]
    statement = text("""
        WITH document AS (
            INSERT INTO documents (site_id, source, path, title, content_hash)
            VALUES (:site_id, 'test', CAST(:path AS text), '', md5(:path)) RETURNING id
        ), chunk AS (
            INSERT INTO chunks (site_id, document_id, position, heading, text)
            SELECT :site_id, id, 0, '', :text FROM document RETURNING id
        )
        INSERT INTO embeddings (chunk_id, model, site_id, vector)
        SELECT id, 'test', :site_id, CAST(:vector AS halfvec) FROM chunk
    """)
    await session.execute(statement, rows)
    ids = await session.scalars(text("SELECT id FROM documents WHERE site_id = :site_id"), {"site_id": site_id})
    await count_words(session, site_id, ids.all())


async def knowledge_of(sessions: Sessions, name: str, exact_rows: int = EXACT_ROWS) -> SiteKnowledge:
    async with sessions.begin() as session:
        return SiteKnowledge(sessions, (await ensure_site(session, name)).id, "test", exact_rows=exact_rows)


async def recall(knowledge: SiteKnowledge, questions: FloatArray, vectors: FloatArray, seen: NDArray[Any]) -> float:
    """Of the ten nearest of the vectors that a reader may see, by their rows, the share that is found."""
    found = right = 0
    for question in questions:
        nearest = seen[np.argsort(-(vectors[seen] @ question))[:10]]
        passages = {int(passage.document) for passage in await knowledge.search("the of and", question, limit=10)}
        assert passages <= set(seen.tolist())
        found += len(set(nearest.tolist()) & passages)
        right += len(nearest)
    return found / right


@pytest.mark.parametrize("site", SITES)
async def test_the_ten_nearest_are_found_at_every_selectivity(
    shelves: tuple[Sessions, dict[str, FloatArray], FloatArray], site: str
) -> None:
    """Recall at ten against every vector compared, at least .98."""
    sessions, vectors, questions = shelves
    knowledge = await knowledge_of(sessions, site)

    assert await recall(knowledge, questions, vectors[site], np.arange(SITES[site])) >= 0.98


@pytest.mark.parametrize("rows", [10_000, EXACT_ROWS], ids=["exact", "approximate"])
async def test_a_rare_word_lifts_its_passage_from_anywhere(
    shelves: tuple[Sessions, dict[str, FloatArray], FloatArray], rows: int
) -> None:
    """Although a common word stands beside it: the far passage gains what the rare one is worth."""
    sessions, vectors, _ = shelves
    far = len(vectors["69 %"]) - 1
    question = unit(vectors["69 %"][far] + np.random.default_rng(3).normal(0, 0.12, DIMENSIONS))
    knowledge = await knowledge_of(sessions, "69 %")

    passages = await knowledge.search(f"{RARE} {COMMON}", question, limit=5)

    assert passages[0].document == str(far)


@pytest.mark.parametrize("share", READERS)
async def test_the_ten_nearest_are_found_among_what_a_reader_may_see(
    shelves: tuple[Sessions, dict[str, FloatArray], FloatArray], share: str
) -> None:
    sessions, vectors, questions = shelves
    labels = READERS[share]
    rows = np.arange(len(vectors["20 %"]))
    seen = rows[(rows % 20 == 0) | np.isin(rows % 2, [{"half": 0, "rest": 1}[label] for label in labels])]
    async with sessions.begin() as session:
        site_id = (await ensure_site(session, "20 %")).id
        for label, remainder in (("half", 0), ("rest", 1)):
            await session.execute(
                text(
                    "UPDATE documents SET audience = ARRAY[:label] "
                    "WHERE site_id = :site_id AND CAST(path AS int) % 2 = :remainder AND CAST(path AS int) % 20 <> 0"
                ),
                {"label": label, "site_id": site_id, "remainder": remainder},
            )
        await session.execute(text("DELETE FROM word_counts WHERE site_id = :site_id"), {"site_id": site_id})
        ids = await session.scalars(text("SELECT id FROM documents WHERE site_id = :site_id"), {"site_id": site_id})
        await count_words(session, site_id, ids.all())
    knowledge = SiteKnowledge(sessions, site_id, "test", labels=labels, exact_rows=EXACT_ROWS)

    assert await recall(knowledge, questions, vectors["20 %"], seen) >= 0.98


async def test_both_ways_rank_alike(shelves: tuple[Sessions, dict[str, FloatArray], FloatArray]) -> None:
    sessions, _, questions = shelves
    knowledge = await knowledge_of(sessions, "69 %", 10_000)
    asked = f"{COMMON} n2755 n17"

    exact = [await knowledge.search(asked, question, limit=6) for question in questions]
    walking = await knowledge_of(sessions, "69 %")
    approximate = [await walking.search(asked, question, limit=6) for question in questions]

    for one, other in zip(exact, approximate, strict=True):
        shared = {each.document for each in one} & {each.document for each in other}
        assert len(shared) >= 5


async def test_the_ten_nearest_are_found_by_a_site_that_is_alone(
    shelves: tuple[Sessions, dict[str, FloatArray], FloatArray],
) -> None:
    """The last test here: it removes the other sites."""
    sessions, vectors, questions = shelves
    async with sessions.begin() as session:
        await session.execute(text("DELETE FROM sites WHERE name <> '69 %'"))
    knowledge = await knowledge_of(sessions, "69 %")

    assert await recall(knowledge, questions, vectors["69 %"], np.arange(SITES["69 %"])) >= 0.98
