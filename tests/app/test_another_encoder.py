"""The installed encoder is exchanged: the passages are encoded anew while the old vectors serve."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app import model_files
from app.db.search import SiteKnowledge
from app.embedders import show_installed
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


def test_files_of_one_name_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(model_files.checked(model_files.ENCODER).read_bytes())

    own = load_encoder(Settings(embedding=Embedding(model=model)))

    assert own.name.startswith("model@")
    assert load_encoder(Settings()).name == model_files.checked(model_files.ENCODER).stem
