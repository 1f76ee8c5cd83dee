"""For whom documents are, and in which language, as an ingestion stores it."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.sites import site_by_name
from app.db.tables import Chunk, Document
from app.ingest import ingest
from app.labels import MOST_LABELS, LabelRefused, labels_in, read_labels
from app.settings import Knowledge
from graph.encoder.onnx import OnnxEncoder
from tests.app.test_ingest import counts, encoder
from tests.pdf import line, pdf

__all__ = ["encoder"]

Sessions = async_sessionmaker[AsyncSession]
STAFF = frozenset({"staff", "partners"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prices.md").write_text("# Prices\n\nThe price of a crate is what you pay for it.\n", encoding="utf-8")
    (tmp_path / "preise.md").write_text("# Preise\n\nDer Preis ist für die Kisten und nicht für den Versand.\n")
    return tmp_path


async def audiences(sessions: Sessions) -> dict[str, list[str]]:
    async with sessions() as session:
        return {row.path: row.audience for row in await session.execute(select(Document.path, Document.audience))}


async def version(sessions: Sessions) -> int:
    async with sessions() as session:
        site = await site_by_name(session, "shop")
        assert site is not None
        return site.knowledge_version


async def test_documents_know_their_language(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    await ingest(sessions, encoder, Knowledge(), site="shop", paths=[folder])

    async with sessions() as session:
        found = {row.path: row.language for row in await session.execute(select(Document.path, Document.language))}
    assert found == {"prices.md": "en", "preise.md": "de"}


async def test_labels_are_stored_changed_and_taken_away(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    await ingest(sessions, encoder, Knowledge(), site="shop", paths=[folder], audience=STAFF)
    assert set(map(tuple, (await audiences(sessions)).values())) == {("partners", "staff")}
    before = await version(sessions)

    changed = await ingest(sessions, encoder, Knowledge(), site="shop", paths=[folder], audience=frozenset({"staff"}))
    assert counts(changed) == (0, 2, 0, 0, 0)
    assert await version(sessions) > before
    again = await ingest(sessions, encoder, Knowledge(), site="shop", paths=[folder], audience=frozenset({"staff"}))
    assert counts(again) == (0, 0, 2, 0, 0)

    await ingest(sessions, encoder, Knowledge(), site="shop", paths=[folder], audience=frozenset())
    assert set(map(tuple, (await audiences(sessions)).values())) == {()}


async def test_a_forgotten_argument_publishes_nothing(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    await ingest(sessions, encoder, Knowledge(), site="shop", paths=[folder], audience=STAFF)
    (folder / "new.md").write_text("# New\n\nNot for everybody.\n", encoding="utf-8")

    report = await ingest(sessions, encoder, Knowledge(), site="shop", paths=[folder])

    ((_, reason),) = report.failed
    assert "--audience partners,staff again" in reason
    assert set(await audiences(sessions)) == {"prices.md", "preise.md"}


async def test_passages_know_their_page(sessions: Sessions, encoder: OnnxEncoder, tmp_path: Path) -> None:
    pages = (line("Refunds are paid within two weeks.", 60, 700), line("Parcels take three days.", 60, 700))
    (tmp_path / "terms.pdf").write_bytes(pdf(*pages))

    await ingest(sessions, encoder, Knowledge(), site="shop", paths=[tmp_path])

    async with sessions() as session:
        rows = await session.execute(select(Chunk.text, Chunk.page).order_by(Chunk.position))
        assert {page: text.split()[0] for text, page in rows} == {1: "Refunds", 2: "Parcels"}


@pytest.mark.parametrize(
    ("text", "labels"),
    [("", set()), (" Staff , partners,staff", {"staff", "partners"}), ("team:eu-1,a.b_c", {"team:eu-1", "a.b_c"})],
)
def test_labels_are_read(text: str, labels: set[str]) -> None:
    assert labels_in(text) == labels


@pytest.mark.parametrize("given", [["two words"], [""], [None], [7], ["é"], ["a" * 65], ["-a"], ["a\nb"], [["a"]]])
def test_what_is_no_label_is_refused(given: list[object]) -> None:
    with pytest.raises(LabelRefused, match="is no label"):
        read_labels(given)


def test_too_many_labels_are_refused() -> None:
    with pytest.raises(LabelRefused, match="at most"):
        read_labels(f"label-{number}" for number in range(MOST_LABELS + 1))
