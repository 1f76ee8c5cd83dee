"""Hosted encoders that rank passages: what they send, and who ranks while they cannot."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import delete, func, select, update

from app.breakers import SharedBreakers
from app.db.listen import Listener
from app.db.search import SiteKnowledge
from app.db.sites import configure_site
from app.db.tables import Breaker, Embedding, Span, Usage
from app.db.vectors import forget_others
from app.embedders import Embedders, show_unseen
from app.ingest import ingest
from app.jobs.embedding import embed
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.encoder.hosted import HostedEncoder
from graph.errors import KeyRefused, ModelFault, QuotaExhausted, ServerFault, TooSlow
from graph.events import ENCODED, Done
from graph.events import Usage as Used
from tests.app.turning import ask
from tests.doubles.embedding_server import EmbeddingServer, Reply, serve_embeddings
from tests.graph.scripted import route

QUESTION = "How long until refunds are paid?"


def vector_of(text: str) -> list[float]:
    """Finds parcels near every question, and all else far away."""
    return [3.0, 0.0, 0.4] if "parcel" in text.lower() or text.startswith("question: ") else [0.0, 2.0, 0.0]


@pytest.fixture
async def server() -> AsyncIterator[EmbeddingServer]:
    async with serve_embeddings(vector_of) as server:
        yield server


@pytest.fixture
async def encoder(server: EmbeddingServer) -> AsyncIterator[HostedEncoder]:
    encoder = HostedEncoder(
        "far", model="m", base_url=server.url, question_prefix="question: ", passage_prefix="passage: ", timeout_s=0.5
    )
    yield encoder
    await encoder.aclose()


@pytest.fixture
async def shop(services: Services, encoder: HostedEncoder, tmp_path_factory: pytest.TempPathFactory) -> Services:
    """A shop with a second page, whose passages the hosted encoder ranks once it has seen them."""
    folder = tmp_path_factory.mktemp("parcels")
    (folder / "parcels.md").write_text("# Parcels\n\nA parcel takes three days.\n", encoding="utf-8")
    await ingest(services.sessions, services.encoder, services.settings.knowledge, site="shop", paths=[folder])
    return replace(services, embedders=Embedders([encoder], services.sessions, services.breakers))


def nobody(used: Used) -> None:
    """Listens to what an encoder took, and forgets it."""


async def found(shop: Services, request: TurnRequest, names: tuple[str, ...] = ()) -> str | None:
    ranking = await shop.embedders.ranking(request.site_id, names, nobody, QUESTION)
    return ranking.encoder.partition("@")[0] if ranking else None


async def test_vectors_come_in_order_and_of_unit_length(server: EmbeddingServer, encoder: HostedEncoder) -> None:
    given = await encoder.encode(["a parcel", "a refund"])
    vectors = given.vectors

    assert vectors.dtype == np.float32
    assert (given.usage.route, given.usage.input_tokens, given.usage.estimated) == ("embedding:far", 1, False)
    assert np.allclose(vectors, [[3 / 9.16**0.5, 0, 0.4 / 9.16**0.5], [0, 1, 0]])
    await encoder.encode(["why?"], question=True)
    assert server.asked == [["passage: a parcel", "passage: a refund"], ["question: why?"]]


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        pytest.param((500, {}), ServerFault, id="500"),
        pytest.param((401, {"error": {"message": "no"}}), KeyRefused, id="401"),
        pytest.param((429, {"error": {"message": "no", "code": "insufficient_quota"}}), QuotaExhausted, id="quota"),
        pytest.param(None, TooSlow, id="silence"),
        pytest.param((200, EmbeddingServer.data([[1.0, 0.0]])), ServerFault, id="too few"),
        pytest.param((200, EmbeddingServer.data([[1.0, 0.0], [1.0]])), ServerFault, id="of different lengths"),
        pytest.param((200, EmbeddingServer.data([[1.0], [float("nan")]])), ServerFault, id="not a number"),
        pytest.param((200, EmbeddingServer.data([[1.0], [0.0]])), ServerFault, id="without a direction"),
        pytest.param((200, EmbeddingServer.data([[], []])), ServerFault, id="empty"),
        pytest.param((200, {"data": None}), ModelFault, id="nothing"),
        pytest.param((200, ["what?"]), ModelFault, id="something else"),
    ],
)
async def test_what_goes_wrong_is_a_fault_of_the_model(
    server: EmbeddingServer, encoder: HostedEncoder, reply: Reply | None, fault: type[ModelFault]
) -> None:
    server.fault = lambda texts: reply

    with pytest.raises(fault):
        await encoder.encode(["a parcel", "a refund"], question=True)


async def test_an_encoder_ranks_once_it_has_seen_the_whole_site(
    shop: Services, encoder: HostedEncoder, request_: TurnRequest
) -> None:
    assert await found(shop, request_) is None

    shown = await show_unseen(shop.sessions, encoder, request_.site_id, shop.settings)

    assert shown == 2
    assert await show_unseen(shop.sessions, encoder, request_.site_id, shop.settings) == 0
    assert await found(shop, request_) == "far"
    assert await found(shop, request_, ("far",)) == "far"
    assert await found(shop, request_, ("another",)) is None


async def test_its_ranking_decides_and_similarity_stays_the_installed_ones(
    shop: Services, encoder: HostedEncoder, request_: TurnRequest
) -> None:
    async def best() -> tuple[str, float]:
        vector = shop.encoder.encode([QUESTION])[0]
        own = SiteKnowledge(shop.sessions, request_.site_id, shop.encoder.name)
        by_it = SiteKnowledge(
            shop.sessions,
            request_.site_id,
            shop.encoder.name,
            lambda question: shop.embedders.ranking(request_.site_id, (), nobody, question),
        )
        similar = {passage.document: passage.similarity for passage in await own.search(QUESTION, vector, limit=9)}
        first, *_ = await by_it.search("How long?", vector, limit=9)
        return first.document, first.similarity - similar[first.document]

    assert (await best())[0].endswith("refunds.md")

    await show_unseen(shop.sessions, encoder, request_.site_id, shop.settings)

    document, difference = await best()
    assert document.endswith("parcels.md")
    assert abs(difference) < 1e-3


@pytest.mark.parametrize("reply", [(500, {}), None])
async def test_a_failing_encoder_costs_no_answer_and_is_left_alone(
    shop: Services, server: EmbeddingServer, encoder: HostedEncoder, request_: TurnRequest, reply: Reply | None
) -> None:
    await show_unseen(shop.sessions, encoder, request_.site_id, shop.settings)
    server.asked.clear()
    server.fault = lambda texts: reply

    for _ in range(5):
        *_, done = await ask(shop, replace(request_, conversation_id=uuid4(), message_id=uuid4()), route("x [1]."))
        assert isinstance(done, Done)
    assert len(server.asked) == 3  # then its breaker is open

    server.fault = None
    async with shop.sessions.begin() as session:
        await session.execute(delete(Breaker))
    assert await Embedders([encoder], shop.sessions, type(shop.breakers)(shop.sessions, shop.listener)).ranking(
        request_.site_id, (), nobody, QUESTION
    )


async def test_new_passages_are_shown_by_the_worker_while_the_installed_encoder_ranks(
    shop: Services, encoder: HostedEncoder, request_: TurnRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await embed(shop.engine, [encoder], shop.settings)
    assert await found(shop, request_) == "far"
    folder = tmp_path_factory.mktemp("more")
    (folder / "hours.md").write_text("# Hours\n\nWe open at nine.\n", encoding="utf-8")

    await ingest(shop.sessions, shop.encoder, shop.settings.knowledge, site="shop", paths=[folder])
    assert await found(shop, request_) is None
    await embed(shop.engine, [encoder], shop.settings)

    assert await found(shop, request_) == "far"


async def test_a_site_that_names_others_is_not_shown(shop: Services, encoder: HostedEncoder) -> None:
    async with shop.sessions.begin() as session:
        assert await configure_site(session, "shop", {"models": {"embeddings": ["another"]}}, version=0)

    await embed(shop.engine, [encoder], shop.settings)

    async with shop.sessions() as session:
        assert not await session.scalar(select(func.count()).where(Embedding.model == encoder.stored_as))


async def test_an_encoder_that_fails_half_way_goes_on_where_it_was(
    shop: Services, server: EmbeddingServer, encoder: HostedEncoder, request_: TurnRequest, monkeypatch: Any
) -> None:
    monkeypatch.setattr("app.embedders.BATCH", 1)
    server.fault = lambda texts: (200, server.data([[1.0]])) if len(server.asked) == 1 else (500, {})
    await embed(shop.engine, [encoder], shop.settings)  # it logs, and raises nothing
    assert len(server.asked) == 2

    server.fault = lambda texts: (200, server.data([[1.0]]))
    await embed(shop.engine, [encoder], shop.settings)

    assert len(server.asked) == 3
    assert await found(shop, request_) == "far"


async def test_large_numbers_are_scaled_like_all_others(server: EmbeddingServer, encoder: HostedEncoder) -> None:
    server.fault = lambda texts: (200, server.data([[3e300, 4e300]]))

    assert np.allclose((await encoder.encode(["a parcel"])).vectors, [[0.6, 0.8]])


@pytest.mark.parametrize("changed", [{"model": "n"}, {"passage_prefix": "p: "}, {"base_url": "http://127.0.0.1:9"}])
async def test_another_model_under_the_same_name_has_seen_nothing(
    shop: Services, encoder: HostedEncoder, server: EmbeddingServer, request_: TurnRequest, changed: dict[str, str]
) -> None:
    await show_unseen(shop.sessions, encoder, request_.site_id, shop.settings)
    given = {"model": "m", "passage_prefix": "passage: ", "base_url": server.url} | changed
    other = HostedEncoder("far", **given)  # type: ignore[arg-type]  # all of them are texts

    changed_shop = replace(shop, embedders=Embedders([other], shop.sessions, shop.breakers))

    assert await found(changed_shop, request_) is None
    assert await found(shop, request_) == "far"


async def test_another_question_prefix_changes_no_passage(encoder: HostedEncoder, server: EmbeddingServer) -> None:
    other = HostedEncoder("far", model="m", base_url=server.url, question_prefix="q: ", passage_prefix="passage: ")

    assert other.stored_as == encoder.stored_as


async def test_an_encoder_named_like_the_installed_one_gets_vectors_of_its_own(
    shop: Services, server: EmbeddingServer, request_: TurnRequest
) -> None:
    twin = HostedEncoder(shop.encoder.name, model="m", base_url=server.url)
    shop = replace(shop, embedders=Embedders([twin], shop.sessions, shop.breakers))

    assert await found(shop, request_) is None
    assert await show_unseen(shop.sessions, twin, request_.site_id, shop.settings) == 2


async def test_vectors_of_another_length_than_the_stored_ones_cost_no_answer(
    shop: Services, server: EmbeddingServer, encoder: HostedEncoder, request_: TurnRequest
) -> None:
    await show_unseen(shop.sessions, encoder, request_.site_id, shop.settings)
    server.vector_of = lambda text: [1.0, 0.0, 0.0, 0.0, 1.0]

    for _ in range(3):
        *_, done = await ask(shop, replace(request_, conversation_id=uuid4(), message_id=uuid4()), route("x [1]."))
        assert isinstance(done, Done)

    assert "embedding:far" in await shop.breakers.open()


async def test_passages_of_another_length_are_refused_with_what_to_do(
    shop: Services, server: EmbeddingServer, encoder: HostedEncoder, request_: TurnRequest, monkeypatch: Any
) -> None:
    monkeypatch.setattr("app.embedders.BATCH", 1)
    server.vector_of = lambda text: [1.0] * (1 + len(server.asked))

    with pytest.raises(ServerFault, match="Give it another name"):
        await show_unseen(shop.sessions, encoder, request_.site_id, shop.settings)

    assert await found(shop, request_) is None


async def test_the_second_encoder_ranks_while_the_first_fails_and_the_ledger_names_both(
    shop: Services, server: EmbeddingServer, encoder: HostedEncoder, request_: TurnRequest
) -> None:
    async with serve_embeddings(vector_of) as other:
        second = HostedEncoder("second", model="m2", base_url=other.url, own=True)
        for each in (encoder, second):
            assert await show_unseen(shop.sessions, each, request_.site_id, shop.settings) == 2
        shop = replace(shop, embedders=Embedders([encoder, second], shop.sessions, shop.breakers))
        server.fault = lambda texts: (500, {})

        for _ in range(4):
            *_, done = await ask(shop, replace(request_, conversation_id=uuid4(), message_id=uuid4()), route("x [1]."))
            assert isinstance(done, Done)
        await second.aclose()

    turns = select(Usage.route, Usage.outcome, func.count()).where(Usage.trace_id.is_not(None))
    async with shop.sessions() as session:
        of_encoders = turns.where(Usage.route.startswith("embedding:")).group_by("route", "outcome")
        lines = (await session.execute(of_encoders)).all()
        named = set(await session.scalars(select(Span.detail).where(Span.detail.startswith("embedding:second"))))
        read = await session.scalar(select(func.count()).where(Usage.trace_id.is_(None), Usage.outcome == ENCODED))
    assert sum(number for route, _, number in lines if route == "embedding:far") == 4  # asked, then passed over
    assert ("embedding:second", ENCODED, 4) in lines
    assert named == {"embedding:second · encoded · 1 tokens"}
    assert read == 2


async def test_a_closed_encoder_is_tried_by_one_question_and_ranks_for_every_process_again(
    shop: Services, server: EmbeddingServer, encoder: HostedEncoder, request_: TurnRequest
) -> None:
    await show_unseen(shop.sessions, encoder, request_.site_id, shop.settings)

    def anew() -> Services:
        """The shop in a process that has just started."""
        breakers = SharedBreakers(shop.sessions, Listener(""))
        return replace(shop, breakers=breakers, embedders=Embedders([encoder], shop.sessions, breakers))

    server.fault = lambda texts: (500, {})
    for _ in range(3):
        assert await found(shop, request_) is None
    assert "embedding:far" in await anew().breakers.open()
    server.fault, server.asked = None, []
    assert await found(anew(), request_) is None
    assert server.asked == []

    async with shop.sessions.begin() as session:
        await session.execute(update(Breaker).values(open_until=func.now()))
    server.fault = lambda texts: None  # so that the first is still waiting when the others come
    assert set(await asyncio.gather(*(found(anew(), request_) for _ in range(5)))) == {None}
    assert len(server.asked) == 1

    server.fault = None
    async with shop.sessions.begin() as session:
        await session.execute(update(Breaker).values(open_until=func.now()))
    assert await found(anew(), request_) == "far"
    assert await found(anew(), request_) == "far"


async def test_ingesting_forgets_the_vectors_of_encoders_that_nobody_names(
    shop: Services, encoder: HostedEncoder, request_: TurnRequest
) -> None:
    await show_unseen(shop.sessions, encoder, request_.site_id, shop.settings)

    async with shop.sessions.begin() as session:
        await forget_others(session, request_.site_id, [shop.encoder.name])

    async with shop.sessions() as session:
        assert set(await session.scalars(select(Embedding.model))) == {shop.encoder.name}
