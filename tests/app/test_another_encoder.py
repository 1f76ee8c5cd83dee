"""The installed encoder is exchanged: the passages are encoded anew while the old vectors serve."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text

from app import model_files
from app.db import tables
from app.db.search import SiteKnowledge
from app.embedders import show_installed
from app.ingest import IngestReport, Progress, ingest
from app.ingest.run import ENCODED_ANEW
from app.jobs.embedding import embed_anew
from app.loading import load_encoder
from app.settings import Embedding, Settings
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.context import FloatArray
from tests.graph.scripted import WordEncoder

QUESTION = "How long until refunds are paid?"


class Turned(WordEncoder):
    """Another encoder with vectors of another length, which fit no old ones."""

    name = "turned"
    dimensions = 300

    def encode(self, texts: Sequence[str]) -> FloatArray:
        return np.ascontiguousarray(super().encode(texts)[:, ::-1])


async def similarity(services: Services, request: TurnRequest, encoder: WordEncoder) -> float | None:
    """The cosine of the best passage, by this encoder's vectors; None if none has one."""
    knowledge = SiteKnowledge(services.sessions, request.site_id, encoder.name)
    found = await knowledge.search(QUESTION, encoder.encode([QUESTION])[0], limit=3)
    return found[0].similarity if found else None


async def test_both_encoders_find_once_the_new_one_has_seen_everything(
    services: Services, request_: TurnRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.embedders.BATCH", 1)
    before = await similarity(services, request_, WordEncoder())
    told: list[int] = []

    shown = await show_installed(services.sessions, Turned(), request_.site_id, told.append)

    assert told == list(range(1, shown + 1))
    assert before is not None
    assert await similarity(services, request_, Turned()) == pytest.approx(before, abs=1e-3)
    assert await similarity(services, request_, WordEncoder()) == before
    assert await show_installed(services.sessions, Turned(), request_.site_id) == 0


async def test_the_worker_does_it_by_itself(services: Services, request_: TurnRequest) -> None:
    await embed_anew(services.engine, Turned())

    assert await similarity(services, request_, Turned()) == await similarity(services, request_, WordEncoder())


async def fingerprints(services: Services) -> list[set[tuple[int, str]]]:
    """Number and writing transaction of each document and passage, and of each vector with its encoder."""
    queries = (
        "SELECT id, xmin::text FROM documents",
        "SELECT id, xmin::text FROM chunks",
        "SELECT chunk_id, model || ' ' || xmin::text FROM embeddings",
    )
    async with services.sessions() as session:
        return [{(row[0], row[1]) for row in await session.execute(text(query))} for query in queries]


async def vectors_of(services: Services, encoder: WordEncoder) -> int:
    async with services.sessions() as session:
        return await session.scalar(select(func.count()).where(tables.Embedding.model == encoder.name)) or 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("parcels", "plans"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nAll about {name}.\n", encoding="utf-8")
    return tmp_path


async def _ingest(services: Services, encoder: WordEncoder, folder: Path) -> IngestReport:
    return await ingest(services.sessions, encoder, services.settings.knowledge, site="shop", paths=[folder])


async def test_an_ingestion_after_reindexing_writes_nothing(
    services: Services, request_: TurnRequest, folder: Path
) -> None:
    await _ingest(services, WordEncoder(), folder)
    shown = await show_installed(services.sessions, Turned(), request_.site_id)
    before = await fingerprints(services)

    for encoder in (Turned(), WordEncoder()):  # the new settings, and a process that still has the old ones
        report = await _ingest(services, encoder, folder)
        assert (report.unchanged, report.chunks, report.encoded) == (2, 0, 0)

    assert await fingerprints(services) == before
    assert await vectors_of(services, Turned()) == await vectors_of(services, WordEncoder()) == shown


async def test_an_ingestion_with_another_encoder_shows_it_what_it_has_not_seen(
    services: Services, request_: TurnRequest, folder: Path
) -> None:
    await _ingest(services, WordEncoder(), folder)
    documents, chunks, vectors = await fingerprints(services)
    told: list[Progress] = []

    report = await ingest(
        services.sessions, Turned(), services.settings.knowledge, site="shop", paths=[folder], progress=told.append
    )

    assert (report.unchanged, report.changed, report.chunks, report.encoded) == (2, 0, 0, len(chunks))
    assert (told[-1].chunks, told[-1].path) == (len(chunks), ENCODED_ANEW)
    after = await fingerprints(services)
    assert after[:2] == [documents, chunks]
    assert vectors < after[2]
    assert await similarity(services, request_, Turned()) == await similarity(services, request_, WordEncoder())


def test_files_of_one_name_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(model_files.checked(model_files.ENCODER).read_bytes())

    own = load_encoder(Settings(embedding=Embedding(model=model)))

    assert own.name.startswith("model@")
    assert load_encoder(Settings()).name == model_files.checked(model_files.ENCODER).stem
