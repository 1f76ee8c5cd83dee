"""The search in the real database, with the real encoder."""

import json
from pathlib import Path

import numpy as np
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.engine import make_engine, raw_url
from app.db.search import SiteKnowledge
from app.db.sites import ensure_site
from app.ingest import ingest
from app.loading import NamedMarks
from app.model_files import ENCODER, TOKENIZER, checked
from app.settings import Knowledge
from graph.context import Passage
from graph.encoder.onnx import OnnxEncoder
from graph.knowledge.fuse import MOST_WORDS_WEIGHT

Sessions = async_sessionmaker[AsyncSession]

SHOP = {
    "refunds": (
        "Refunds",
        "We pay back within two weeks. Write to us, and name your order.\n\n## Fees\n\nA refund is free.",
    ),
    "delivery": ("Delivery", "Parcels arrive within three working days.\n\n## Abroad\n\nFive days within the EU."),
    "errors": ("Error codes", "E-4711 means that the printer is out of paper.\n\nE-4712 means that its door is open."),
    "hours": ("Opening hours", "We are there from nine to five on weekdays."),
}


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(checked(ENCODER), checked(TOKENIZER))


@pytest.fixture
async def shop(sessions: Sessions, encoder: OnnxEncoder, tmp_path: Path) -> SiteKnowledge:
    return await site(sessions, encoder, tmp_path, "shop", SHOP)


async def site(
    sessions: Sessions, encoder: OnnxEncoder, tmp_path: Path, name: str, pages: dict[str, tuple[str, str]]
) -> SiteKnowledge:
    file = tmp_path / f"{name}.jsonl"
    lines = (
        json.dumps({"id": key, "title": title, "text": text, "url": f"https://{name}.example/{key}"})
        for key, (title, text) in pages.items()
    )
    file.write_text("\n".join(lines))
    await ingest(sessions, encoder, Knowledge(), site=name, records=[file])
    async with sessions() as session:
        return SiteKnowledge(sessions, (await ensure_site(session, name)).id, encoder.name)


async def ask(knowledge: SiteKnowledge, encoder: OnnxEncoder, question: str, limit: int = 3) -> list[Passage]:
    return await knowledge.search(question, encoder.encode([question])[0], limit=limit)


@pytest.mark.parametrize(
    ("question", "document", "heading"),
    [
        pytest.param("When do I get my money back?", "refunds", "", id="by meaning"),
        pytest.param(
            "What does it cost to send something back, is it free?", "refunds", "Fees", id="by meaning, below a heading"
        ),
        pytest.param("shipping to France", "delivery", "Abroad", id="in other words"),
        pytest.param("E-4712", "errors", "", id="by a word that has no meaning"),
    ],
)
async def test_the_right_passage_comes_first(
    shop: SiteKnowledge, encoder: OnnxEncoder, question: str, document: str, heading: str
) -> None:
    best = (await ask(shop, encoder, question))[0]

    assert (best.document, best.heading) == (document, heading)
    assert (best.title, best.url) == (SHOP[document][0], f"https://shop.example/{document}")


async def test_similarity_is_the_cosine_and_score_orders(shop: SiteKnowledge, encoder: OnnxEncoder) -> None:
    question = "Is there a fee for refunds?"
    vector = encoder.encode([question])[0]

    found = await shop.search(question, vector, limit=10)

    assert len(found) == 6
    assert [passage.score for passage in found] == sorted((passage.score for passage in found), reverse=True)
    parts = [" > ".join(part for part in (each.title, each.heading) if part) + "\n" + each.text for each in found]
    assert np.allclose([each.similarity for each in found], encoder.encode(parts) @ vector, atol=0.03)


async def test_words_add_to_the_cosine_within_their_bound(shop: SiteKnowledge, encoder: OnnxEncoder) -> None:
    """The same vector with and without words: only the passages that share them rise, by no more than the bound."""
    vector = encoder.encode(["anything"])[0]

    silent = {each.chunk_id: each for each in await shop.search("the of and", vector, limit=10)}
    spoken = {each.chunk_id: each for each in await shop.search("parcels " * 500 + "arrive", vector, limit=10)}

    risen = {silent[key].document for key in silent if spoken[key].score > silent[key].score + 1e-9}
    assert risen == {"delivery"}
    assert max(spoken[key].score - silent[key].score for key in silent) <= MOST_WORDS_WEIGHT * 1.3 + 1e-9


@pytest.mark.parametrize(
    "question",
    [
        "",
        "   ",
        "?",
        "it's & | ! :* <-> () 'quoted' \\ back\\'slash",
        "x" * 100_000,
        "a\x00b",
        "\ud800",
        "🙂 你好",
        "%s :name {}",
    ],
    ids=["empty", "blank", "mark", "operators", "endless", "zero", "half a character", "other scripts", "placeholders"],
)
async def test_any_question_is_searched(shop: SiteKnowledge, encoder: OnnxEncoder, question: str) -> None:
    vector = encoder.encode(["printer paper"])[0]

    assert (await shop.search(question, vector, limit=1))[0].document == "errors"


async def test_a_site_sees_its_own_documents_only(
    sessions: Sessions, shop: SiteKnowledge, encoder: OnnxEncoder, tmp_path: Path
) -> None:
    alone = await ask(shop, encoder, "How long do refunds take?", limit=10)
    club = await site(
        sessions, encoder, tmp_path, "club", {"refunds": ("Refunds", "Refunds take refunds a year.")} | SHOP
    )

    assert await ask(shop, encoder, "How long do refunds take?", limit=10) == alone
    assert {each.url for each in await ask(club, encoder, "How long do refunds take?", limit=1)} == {
        "https://club.example/refunds"
    }


async def test_vectors_of_another_encoder_are_not_compared(
    sessions: Sessions, shop: SiteKnowledge, encoder: OnnxEncoder
) -> None:
    async with sessions() as session:
        other = SiteKnowledge(sessions, (await ensure_site(session, "shop")).id, "another encoder")

    assert await ask(other, encoder, "How long do refunds take?") == []


async def test_an_empty_site_gives_nothing(sessions: Sessions, encoder: OnnxEncoder) -> None:
    async with sessions.begin() as session:
        site_id = (await ensure_site(session, "new")).id

    assert await ask(SiteKnowledge(sessions, site_id, encoder.name), encoder, "How long do refunds take?") == []


async def test_a_search_that_fails_leaves_a_connection_that_works(
    engine: AsyncEngine, sessions: Sessions, shop: SiteKnowledge, encoder: OnnxEncoder
) -> None:
    """A search goes past SQLAlchemy to the driver, and the pool has one connection."""
    alone = make_engine(raw_url(engine), pool_size=1)
    try:
        own = async_sessionmaker(alone)
        async with sessions() as session:
            site_id = (await ensure_site(session, "shop")).id
        knowledge = SiteKnowledge(own, site_id, encoder.name)
        with pytest.raises(psycopg.DataError):
            await knowledge.search("printer", encoder.encode(["printer"])[0][:5], limit=1)

        found = await ask(knowledge, encoder, "printer paper")
    finally:
        await alone.dispose()

    assert found == await ask(shop, encoder, "printer paper")


async def test_a_list_is_read_to_its_end_but_not_into_what_seems_to_instruct(
    sessions: Sessions, encoder: OnnxEncoder, tmp_path: Path
) -> None:
    """The rest of a list comes from the next passage, whose mark would be lost."""
    steps = [f"- Step {number}: turn the valve of radiator {number} slowly to the left." for number in range(1, 60)]
    file = tmp_path / "valves.md"
    file.write_text("# Valves\n\n" + "\n".join(steps))

    async def lists(marked: str) -> dict[bool, list[str]]:
        site, found = f"valves-{marked}", dict[bool, list[str]]()
        screen = NamedMarks("by a word", frozenset(), lambda texts, above: [marked in text for text in texts])
        await ingest(sessions, encoder, Knowledge(), site=site, paths=[file], screen=screen)
        async with sessions() as session:
            knowledge = SiteKnowledge(sessions, (await ensure_site(session, site)).id, encoder.name)
        for passage in await ask(knowledge, encoder, "turn the valve", limit=30):
            found.setdefault(passage.suspicious, []).append(passage.text)
        return found

    assert any("Step 59:" in text and "Step 40:" in text for text in (await lists("nothing"))[False])
    assert not any("Step 59:" in text for text in (await lists("Step 59:"))[False])
