"""Words are counted as passages come, change, get other readers and go: always as if counted anew."""

import random
import string

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.documents import NewDocument, remove_documents, write_documents
from app.db.sites import delete_site, ensure_site
from graph.knowledge.split import Chunk

Sessions = async_sessionmaker[AsyncSession]
KEPT = text("SELECT lexeme, dictionary, audience, passages FROM word_counts WHERE site_id = :site_id")
ANEW = text("""
    SELECT lexeme, dictionary, audience, count(*)
    FROM documents JOIN chunks ON document_id = documents.id
    CROSS JOIN LATERAL (SELECT unnest(tsvector_to_array(words)) UNION ALL SELECT '') AS held (lexeme)
    WHERE documents.site_id = :site_id
    GROUP BY lexeme, dictionary, audience
""")


def page(path: str, *texts: str, audience: tuple[str, ...] = (), language: str | None = None) -> NewDocument:
    vectors = np.full((len(texts), 384), 384**-0.5, dtype=np.float32)
    return NewDocument(
        path, "", None, path, [Chunk((), each) for each in texts], vectors, audience=audience, language=language
    )


async def write(sessions: Sessions, site: str, *pages: NewDocument, source: str = "a") -> int:
    async with sessions.begin() as session:
        site_id = (await ensure_site(session, site)).id
        await write_documents(session, site_id, source, pages, model="test")
        return site_id


async def counts(sessions: Sessions, site_id: int) -> dict[tuple[str, str, tuple[str, ...]], int]:
    """What is kept, which is what counting anew gives."""
    async with sessions() as session:
        kept, anew = [
            {(row[0], row[1], tuple(row[2])): row[3] for row in await session.execute(each, {"site_id": site_id})}
            for each in (KEPT, ANEW)
        ]
    assert kept == anew
    return kept


async def test_a_word_counts_once_for_each_passage_that_has_it(sessions: Sessions) -> None:
    site_id = await write(sessions, "shop", page("1", "Parcels, parcels", "A parcel"), page("2", "It's a \\ parcel"))

    kept = await counts(sessions, site_id)

    assert kept["parcel", "english", ()] == 3
    assert kept["", "english", ()] == 3


async def test_counts_follow_what_is_written_again_and_removed(sessions: Sessions) -> None:
    site_id = await write(sessions, "shop", page("1", "red parcel", "blue crate"), page("2", "red crate"))
    await write(sessions, "shop", page("1", "der rote Karton"), source="b")
    await write(sessions, "club", page("1", "red parcel"))

    await write(sessions, "shop", page("1", "blue gate", "red gate"), page("3", "gate", language="de"))
    changed = await counts(sessions, site_id)
    async with sessions.begin() as session:
        await remove_documents(session, site_id, "a", ["1", "3", "no such page"])
    fewer = await counts(sessions, site_id)

    assert changed["gate", "english", ()] == 2
    assert changed["", "german", ()] == 1
    assert ("parcel", "english", ()) not in changed
    assert ("", "german", ()) not in fewer
    assert fewer["", "english", ()] == 2


async def test_passages_move_with_their_documents_readers(sessions: Sessions) -> None:
    site_id = await write(sessions, "shop", page("1", "red parcel"), page("2", "red crate"))

    await write(sessions, "shop", page("2", "red crate", audience=("gold", "staff")))
    kept = await counts(sessions, site_id)

    assert kept["red", "english", ()] == 1
    assert kept["red", "english", ("gold", "staff")] == 1
    assert ("crate", "english", ()) not in kept


async def test_the_longest_word_for_many_readers_is_counted(sessions: Sessions) -> None:
    """It stands in an index, whose rows have a longest length."""
    word = "".join(random.Random(5).choices(string.ascii_lowercase, k=2040))  # noqa: S311 - no secret
    site_id = await write(sessions, "shop", page("1", word, audience=tuple(f"group {number}" for number in range(60))))

    assert max(len(lexeme) for lexeme, *_ in await counts(sessions, site_id)) > 2000


async def test_a_deleted_site_leaves_no_counts(sessions: Sessions) -> None:
    site_id = await write(sessions, "shop", page("1", "red parcel"))
    async with sessions.begin() as session:
        await delete_site(session, "shop")

    assert await counts(sessions, site_id) == {}
