"""The installed encoder is exchanged: the passages are encoded anew while the old vectors serve."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text

from app import model_files
from app.api.health import encoder_state
from app.db import tables
from app.db.search import SiteKnowledge
from app.db.vectors import store_vectors, unseen_passages
from app.embedders import show_installed
from app.guide import ingest_guide
from app.ingest import IngestReport, Progress, ingest
from app.ingest.run import ENCODED_ANEW
from app.jobs.embedding import embed_anew
from app.loading import Former, former_encoders, load_encoder
from app.settings import Embedding, Settings
from app.stand_in import StandIn, Unfinished
from app.turn_request import TurnRequest
from app.wiring import Parts, Services, services_on
from graph.context import FloatArray
from graph.errors import ConfigError
from graph.events import Done
from tests.app.turning import GOOD, ask
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


BEFORE = Former(WordEncoder.name, WordEncoder)


async def test_the_encoder_from_before_searches_until_the_new_one_has_seen_everything(
    services: Services, request_: TurnRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.stand_in.RECHECK_S", 0)
    await _ingest(services, WordEncoder(), folder)
    before, passages = await similarity(services, request_, WordEncoder()), await vectors_of(services, WordEncoder())
    stand_in = StandIn(services.sessions, Turned.name, [BEFORE])

    async def now() -> float | None:
        stands = partial(stand_in.ranking, request_.site_id)
        knowledge = SiteKnowledge(services.sessions, request_.site_id, Turned.name, stand_in=stands)
        found = await knowledge.search(QUESTION, Turned().encode([QUESTION])[0], limit=3)
        return found[0].similarity if found else None

    assert await now() == before
    assert await stand_in.unfinished() == [Unfinished("shop", passages, passages, "words", 0)]
    async with services.sessions.begin() as session:  # the worker is on its way
        first = await unseen_passages(session, request_.site_id, Turned.name, limit=1)
        await store_vectors(session, request_.site_id, Turned.name, first, Turned().encode([QUESTION]))
    assert await now() == before
    await show_installed(services.sessions, Turned(), request_.site_id)
    assert await stand_in.ranking(request_.site_id, QUESTION) is None
    assert await now() == pytest.approx(1, abs=1e-3)
    assert await stand_in.unfinished() == []


async def test_who_has_seen_more_searches(services: Services, request_: TurnRequest, folder: Path) -> None:
    await _ingest(services, Turned(), folder)
    async with services.sessions.begin() as session:
        await session.execute(
            text("DELETE FROM embeddings WHERE model = 'words' AND chunk_id > (SELECT min(id) FROM chunks)")
        )
        await session.execute(
            text("DELETE FROM embeddings WHERE model = 'turned' AND chunk_id = (SELECT max(id) FROM chunks)")
        )
    stand_in = StandIn(services.sessions, Turned.name, [BEFORE])

    assert await stand_in.ranking(request_.site_id, QUESTION) is None
    (site,) = await stand_in.unfinished()
    assert (site.unseen, site.by, site.not_found) == (1, None, 1)


@pytest.mark.parametrize(
    ("formers", "answer", "searched_by", "lost"),
    [
        pytest.param((BEFORE,), GOOD, ["words"], 0, id="its file is there"),
        pytest.param((), None, [], 1, id="its file is gone"),
    ],
)
async def test_a_restart_with_another_encoder(
    services: Services,
    request_: TurnRequest,
    formers: tuple[Former, ...],
    answer: str | None,
    searched_by: list[str],
    lost: int,
) -> None:
    parts = Parts(Turned(), services.injection, services.personal_data, services.intents, services.models)
    secret = b"a secret of the tests, long enough"
    async with services_on(services.engine, services.settings, parts, secret=secret, formers=formers) as restarted:
        *_, done = await ask(restarted, request_)
        state = await encoder_state(restarted, reachable=True)

    assert isinstance(done, Done)
    assert (done.text == GOOD) is (answer is not None)
    assert state == {"name": "turned", "unseen": 1, "not_found": lost, "searched_by": searched_by}


async def test_the_guide_is_brought_up_to_date_without_waiting_for_the_new_encoder(services: Services) -> None:
    await ingest_guide(services.sessions, WordEncoder(), services.settings)

    report = await ingest_guide(services.sessions, Turned(), services.settings)

    assert (report.chunks, report.encoded) == (0, 0)


def test_those_from_before_that_can_be_loaded(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / f"{name}.onnx").write_bytes(name.encode())

    def formers(**given: Path) -> list[str]:
        return [former.name.partition("@")[0] for former in former_encoders(Settings(embedding=Embedding(**given)))]

    assert formers() == []
    assert formers(model=tmp_path / "new.onnx") == [model_files.ENCODER.path.stem]
    assert formers(model=tmp_path / "new.onnx", former=tmp_path / "old.onnx") == ["old", model_files.ENCODER.path.stem]
    assert formers(former=tmp_path / "old.onnx") == ["old"]
    with pytest.raises(ConfigError, match=r"embedding.former names .*gone.onnx"):
        formers(former=tmp_path / "gone.onnx")


def test_the_encoder_that_parley_brings_can_stand_in_for_another(tmp_path: Path) -> None:
    (tmp_path / "new.onnx").write_bytes(b"never loaded")
    (former,) = former_encoders(Settings(embedding=Embedding(model=tmp_path / "new.onnx")))

    assert former.load().name == former.name == model_files.ENCODER.path.stem


def test_files_of_one_name_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(model_files.checked(model_files.ENCODER).read_bytes())

    own = load_encoder(Settings(embedding=Embedding(model=model)))

    assert own.name.startswith("model@")
    assert load_encoder(Settings()).name == model_files.checked(model_files.ENCODER).stem
