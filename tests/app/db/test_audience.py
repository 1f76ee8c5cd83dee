"""Documents that only some may read leave no mark on what others find: the search answers as if they were not there."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.documents import NewDocument, write_documents
from app.db.search import SiteKnowledge
from app.db.sites import ensure_site
from graph.context import FloatArray, Passage
from graph.knowledge.split import Chunk

Sessions = async_sessionmaker[AsyncSession]
DIMENSIONS = 384
WORDS = ["refund", "parcel", "invoice", "crate", "price", "harbour", "winter", "staff", "gate", "key"]
LABELS = ("staff", "partners", "gold")


@dataclass(frozen=True)
class Stored:
    """A document as it is written: its passages, and who may read it."""

    document: NewDocument

    def readable(self, labels: frozenset[str]) -> bool:
        return not self.document.audience or bool(labels & set(self.document.audience))


def shelf(seed: int, documents: int) -> list[Stored]:
    """Documents with random words, vectors, audiences and languages. Some rare words are in restricted ones only."""
    draw, numbers = random.Random(seed), np.random.default_rng(seed)  # noqa: S311 - no secret
    stored = []
    for at in range(documents):
        audience = draw.sample(LABELS, draw.choice((0, 0, 0, 1, 1, 2)))
        chunks = [
            Chunk((f"Page {at}", f"Part {part // 2}"), f"- {' '.join(draw.choices(WORDS, k=6))} {at} {part}")
            for part in range(draw.randint(1, 4))
        ]
        vectors = numbers.normal(size=(len(chunks), DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        digest = f"{draw.getrandbits(64):016x}"
        language = draw.choice((None, "en", "de", "fr"))
        document = NewDocument(
            f"{at}.md", f"Page {at}", None, digest, chunks, vectors, audience=audience, language=language
        )
        stored.append(Stored(document))
    return stored


async def site_with(sessions: Sessions, name: str, documents: Sequence[Stored]) -> int:
    async with sessions.begin() as session:
        site_id = (await ensure_site(session, name)).id
        await write_documents(session, site_id, "test", [each.document for each in documents], model="test")
        return site_id


async def found(
    sessions: Sessions, site_id: int, labels: frozenset[str], question: str, vector: FloatArray, rows: int = 10_000
) -> list[Passage]:
    knowledge = SiteKnowledge(sessions, site_id, "test", labels=labels, exact_rows=rows)
    return [replace(passage, chunk_id=0) for passage in await knowledge.search(question, vector, limit=6)]


@pytest.mark.parametrize("rows", [10_000, 5], ids=["exact", "approximate"])
@pytest.mark.parametrize("seed", range(4))
async def test_hidden_documents_change_nothing_for_others(sessions: Sessions, seed: int, rows: int) -> None:
    """Same passages, same order, same scores as in a site that never had them."""
    documents = shelf(seed, 40)
    whole = await site_with(sessions, "whole", documents)
    numbers = np.random.default_rng(100 + seed)
    seen = set()
    for case, labels in enumerate(
        [frozenset(), frozenset({"staff"}), frozenset({"gold", "partners"}), frozenset(LABELS)]
    ):
        bare = await site_with(sessions, f"bare {case}", [each for each in documents if each.readable(labels)])
        for question in ("refund parcel", "the staff gate key", "winter", "where is the harbour and the crate"):
            vector = numbers.normal(size=DIMENSIONS).astype(np.float32)
            vector /= np.linalg.norm(vector)

            passages = await found(sessions, whole, labels, question, vector, rows)

            assert passages == await found(sessions, bare, labels, question, vector, rows)
            assert len(passages) == 6
            seen.add(tuple(passage.document for passage in passages))
    assert len(seen) > 8  # labels and questions made a difference


async def test_a_label_of_another_site_opens_nothing_there(sessions: Sessions) -> None:
    documents = [replace(each, document=replace(each.document, audience=("staff",))) for each in shelf(1, 5)]
    site_id = await site_with(sessions, "closed", documents)
    vector = documents[0].document.vectors[0]

    assert await found(sessions, site_id, frozenset(), "refund", vector) == []
    assert await found(sessions, site_id, frozenset({"staf", "Staff", "partners"}), "refund", vector) == []
    assert len(await found(sessions, site_id, frozenset({"staff", "partners"}), "refund", vector)) == 6


async def test_a_document_is_hidden_as_soon_as_its_audience_is_stored(sessions: Sessions) -> None:
    documents = shelf(2, 3)
    everybody = [replace(each, document=replace(each.document, audience=())) for each in documents]
    site_id = await site_with(sessions, "shop", everybody)
    vector = documents[0].document.vectors[0]
    assert {p.document for p in await found(sessions, site_id, frozenset(), "refund", vector)} == {
        "0.md",
        "1.md",
        "2.md",
    }

    await site_with(sessions, "shop", [replace(documents[0], document=replace(documents[0].document, audience=("x",)))])

    assert {p.document for p in await found(sessions, site_id, frozenset(), "refund", vector)} == {"1.md", "2.md"}
