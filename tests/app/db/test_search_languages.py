"""A passage's words are read by the dictionary of its language, and those of a question by each that the site has."""

from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.documents import NewDocument, write_documents
from app.db.search import SiteKnowledge
from app.db.sites import ensure_site
from app.db.tables.knowledge import DICTIONARIES
from graph.context import Passage
from graph.knowledge.fuse import IDF_WEIGHT
from graph.knowledge.split import Chunk

Sessions = async_sessionmaker[AsyncSession]
VECTOR = np.eye(384, dtype=np.float32)[0]
ENGLISH = {
    "cat": "The dogs were chasing cats.",
    "die": "Roses die in winter when nobody waters them.",
    "bill": "Invoices are sent monthly.",
    "gate": "The gate closes at nine.",
}
GERMAN = {"katze": "Die Hunde jagten Katzen.", "rechnung": "Rechnungen werden monatlich verschickt."}


@pytest.fixture(params=[10_000, 1], ids=["exact", "approximate"])
def rows(request: pytest.FixtureRequest) -> int:
    return int(request.param)


async def site(
    sessions: Sessions, rows: int, name: str, pages: Sequence[tuple[str | None, dict[str, str]]]
) -> SiteKnowledge:
    """A site in which every passage is as near as the other, so that words alone order them."""
    documents = [
        NewDocument(path, "", None, path, [Chunk((), body)], VECTOR[None, :], language=language)
        for language, texts in pages
        for path, body in texts.items()
    ]
    async with sessions.begin() as session:
        site_id = (await ensure_site(session, name)).id
        await write_documents(session, site_id, "test", documents, model="test")
    return SiteKnowledge(sessions, site_id, "test", exact_rows=rows)


async def lifted(knowledge: SiteKnowledge, question: str) -> set[str]:
    """The documents that the question's words lift."""
    passages: list[Passage] = await knowledge.search(question, VECTOR, limit=10)
    least = min(passage.score for passage in passages)
    return {passage.document for passage in passages if passage.score > least + 1e-6}


@pytest.mark.parametrize(
    ("question", "documents"),
    [
        ("Jagt ein Hund die Katze?", {"katze"}),
        ("die monatliche Rechnung", {"rechnung"}),
        ("Do cats chase a dog?", {"cat"}),
        ("an invoice a month", {"bill"}),
        ("Warum sterben Rosen?", set()),
        ("Do the roses die?", {"die"}),
    ],
)
async def test_each_document_is_found_by_the_forms_of_its_words(
    sessions: Sessions, rows: int, question: str, documents: set[str]
) -> None:
    """And "die" is a German article in a German question, although English roses die."""
    both = await site(sessions, rows, "both", [("en", ENGLISH), ("de", GERMAN)])

    assert await lifted(both, question) == documents


async def test_a_word_that_two_dictionaries_know_counts_once(sessions: Sessions, rows: int) -> None:
    """Most of all words, too, is a bound of each language's own: a second one takes nothing from the first."""
    question = "gate nine roses winter"
    alone = await (await site(sessions, rows, "alone", [("en", ENGLISH)])).search(question, VECTOR, limit=10)
    both = await (await site(sessions, rows, "both", [("en", ENGLISH), ("de", {"a": "x", "b": "y"})])).search(
        question, VECTOR, limit=10
    )

    gain = {each.document: each.score - both[-1].score for each in both}
    for each in alone:
        # More passages make a word rarer, by the same for each that has it, and that is all.
        assert gain[each.document] >= each.score - alone[-1].score - 1e-6
        assert gain[each.document] <= each.score - alone[-1].score + 2 * 1.3 * IDF_WEIGHT * np.log(2) + 1e-6


async def test_an_english_base_is_not_touched_by_other_languages_elsewhere(sessions: Sessions, rows: int) -> None:
    """The words of its passages are those of the English dictionary alone, whether or not its language was told."""
    told = await site(sessions, rows, "told", [("en", ENGLISH)])
    untold = await site(sessions, rows, "untold", [(None, ENGLISH)])
    question = "Do cats chase a dog at nine, or does the gate close in winter?"
    before = [(each.document, each.score) for each in await told.search(question, VECTOR, limit=10)]

    await site(sessions, rows, "abroad", [("de", GERMAN), ("en", ENGLISH)])

    assert [(each.document, each.score) for each in await told.search(question, VECTOR, limit=10)] == before
    assert [(each.document, each.score) for each in await untold.search(question, VECTOR, limit=10)] == before
    async with sessions() as session:
        wrong = await session.scalar(
            text("""
                SELECT count(*) FROM chunks JOIN documents ON documents.id = document_id
                WHERE coalesce(language, 'en') = 'en' AND words <>
                    setweight(to_tsvector('english', heading), 'A') || setweight(to_tsvector('english', text), 'B')
            """)
        )
    assert wrong == 0


async def test_every_language_of_the_list_has_a_dictionary(sessions: Sessions, rows: int) -> None:
    documents = {language: f"{language} zeppelin" for language in DICTIONARIES}
    all_of_them = await site(
        sessions,
        rows,
        "all",
        [("en", ENGLISH), *((language, {language: words}) for language, words in documents.items())],
    )

    assert await lifted(all_of_them, "zeppelin") == set(DICTIONARIES)
