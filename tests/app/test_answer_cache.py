"""Answers that are given again: to whom, for how long, and what never is."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.cache import KEEP, SiteCache, forget_old_answers, question_key
from app.db.conversations import find_citation
from app.db.engine import make_engine
from app.db.scores import rate
from app.db.sites import configure_site
from app.db.tables import CachedAnswer, Conversation, Message, Site, Trace, Usage
from app.db.users import ensure_guest
from app.ingest import ingest
from app.turn_request import AttachedText, TurnRequest
from app.wiring import Parts, Services, services_on
from graph.context import ModelRoute
from graph.errors import QuotaExhausted
from graph.events import Done, Source, Step, Token
from graph.guards.language import language_of
from graph.state import Earlier
from tests.app.turning import GOOD, QUESTION, REFUNDS, ask, count, texts
from tests.graph.scripted import FixedInjection, FixedIntent, Scripted, route

SECRET = b"a secret of the tests, long enough"
OTHER = "They go to the card that you paid with [1]."
"""What the model says when it is asked again: whoever reads it was not answered from the cache."""


def another(request: TurnRequest, **changes: object) -> TurnRequest:
    """The same visitor's first message of another conversation."""
    return replace(request, conversation_id=uuid4(), message_id=uuid4(), **changes)  # type: ignore[arg-type]


async def first(services: Services, request: TurnRequest) -> None:
    *_, done = await ask(services, another(request))
    assert isinstance(done, Done)
    assert done.text == GOOD
    assert await count(services.sessions, CachedAnswer) == 1


async def said(services: Services, request: TurnRequest, *models: ModelRoute) -> str:
    *_, done = await ask(services, request, *models or (route(OTHER),))
    assert isinstance(done, Done), done
    return done.text


@pytest.mark.parametrize(
    ("question", "text"),
    [
        pytest.param(QUESTION, GOOD, id="the same"),
        pytest.param("  how long until   Refunds are paid ", GOOD, id="but for case, spaces and the last mark"),
        pytest.param("How long until the refunds are paid?", GOOD, id="in other words"),
        pytest.param("How long until 3 refunds are paid?", OTHER, id="with a figure"),
        pytest.param("How long until refunds are paid in Peru?", OTHER, id="another"),
    ],
)
async def test_the_same_question_gets_the_same_answer(
    services: Services, request_: TurnRequest, question: str, text: str
) -> None:
    await first(services, request_)

    assert await said(services, another(request_, text=question)) == text


@pytest.mark.parametrize(("mode", "text"), [("exact", OTHER), ("semantic", GOOD), ("off", OTHER)])
async def test_a_site_chooses_how_alike_questions_must_be(
    services: Services, request_: TurnRequest, mode: str, text: str
) -> None:
    async with services.sessions.begin() as session:
        await configure_site(session, "shop", {"cache": mode}, version=0)
    await ask(services, another(request_))

    assert await said(services, another(request_, text="How long until the refunds are paid?")) == text


@pytest.mark.parametrize(
    ("kept_under", "asked", "same"),
    [
        ("precio envio", "precio  Envio?", True),
        ("precio envio", "precio envio precio", False),  # as near as it gets
        ("envio", "How is envio?", False),
        ("Garantie?", "Is there a Garantie?", False),
    ],
)
async def test_a_question_that_shows_no_language_has_the_answer_to_its_own_words_only(
    services: Services, request_: TurnRequest, kept_under: str, asked: str, same: bool
) -> None:
    cache = SiteCache(
        services.sessions,
        request_.site_id,
        mode="semantic",
        labels=(),
        release="1",
        same=lambda *_: True,
        secret=SECRET,
    )
    await ask(services, another(request_))
    for question in (kept_under, asked):
        found = await cache.find(question, services.encoder.encode([question])[0], language_of(question))
        if question == kept_under:
            assert found is None
            assert cache.place is not None
            async with services.sessions.begin() as session:
                await session.execute(update(CachedAnswer).values(**cache.place))

    assert (found is not None) is same


def test_words_in_capitals_are_words_of_their_own() -> None:
    assert question_key("Where is the US office?", SECRET) != question_key("Where is the us office?", SECRET)
    assert question_key("who runs IT", SECRET) != question_key("Who runs it", SECRET)
    assert question_key("Where is the US office?", SECRET) == question_key("where is the US  Office", SECRET)
    assert question_key("A refund for I", SECRET) == question_key("a refund for i", SECRET)


async def test_a_recalled_answer_has_its_sources_and_is_told_in_the_trace_and_costs_nothing(
    services: Services, request_: TurnRequest
) -> None:
    await first(services, request_)
    model = route(OTHER)

    events = await ask(services, again := another(request_), model)

    done = events[-1]
    assert isinstance(done, Done)
    assert "".join(event.text for event in events if isinstance(event, Token)) == done.text == GOOD
    assert [event.number for event in events if isinstance(event, Source)] == [1]
    assert [event.name for event in events if isinstance(event, Step)] == ["screen", "classify", "recall"]
    assert (done.rung, done.answered_by, done.usage) == ("hosted", "big", ())
    assert isinstance(model.model, Scripted)
    assert model.model.seen == []
    async with services.sessions() as session:
        trace = (await session.scalars(select(Trace).where(Trace.id == UUID(done.trace_id)))).one()
        entry = await session.scalar(select(CachedAnswer.id))
        assert trace.details["recalled"] == {"entry": entry, "exact": True, "similarity": pytest.approx(1, abs=1e-3)}
        source = await find_citation(session, again.user_id, UUID(done.message_id), 1)
        assert source is not None
        assert source.text.startswith("Refunds are paid within 14 days")
    assert await count(services.sessions, Usage) == 1
    metrics = services.metrics.text((), {}).decode()
    assert 'parley_answer_cache_total{found="no",site="shop"} 1.0' in metrics
    assert 'parley_answer_cache_total{found="exact",site="shop"} 1.0' in metrics


PARCELS = "# Parcels\n\nParcels arrive within 14 days of your order. They are carried by bicycle.\n"
PARCEL = "When do parcels arrive after my order?"
ARRIVE = "Parcels arrive within 14 days of your order [1]."


async def change(services: Services, folder: Path, text: str) -> None:
    (folder / "parcels.md").write_text(text, encoding="utf-8")
    await ingest(services.sessions, services.encoder, services.settings.knowledge, site="shop", paths=[folder])


async def test_a_changed_sentence_of_a_document_changes_the_answer(
    services: Services, request_: TurnRequest, tmp_path: Path
) -> None:
    await change(services, tmp_path, PARCELS)
    for _ in range(2):
        assert await said(services, another(request_, text=PARCEL), route(ARRIVE)) == ARRIVE

    await change(services, tmp_path, PARCELS.replace("14 days", "3 days"))
    text = await said(services, another(request_, text=PARCEL), route(ARRIVE.replace("14", "3")))

    assert text == ARRIVE.replace("14", "3")
    assert await said(services, another(request_, text=PARCEL)) == text
    async with services.sessions.begin() as session:
        await forget_old_answers(session)
    async with services.sessions() as session:
        assert await texts(session, select(CachedAnswer)) == [text]


async def test_an_answer_from_documents_that_changed_meanwhile_is_never_given_again(
    services: Services, request_: TurnRequest, tmp_path: Path
) -> None:
    class Slow(Scripted):
        """Answers from what it read, while the documents change."""

        async def _astream(self, *args: object, **kwargs: object) -> AsyncIterator[object]:  # type: ignore[override]
            await change(services, tmp_path, PARCELS)
            async for chunk in super()._astream(*args, **kwargs):  # type: ignore[arg-type]
                yield chunk

    assert await said(services, another(request_), replace(route(), model=Slow(text=GOOD))) == GOOD

    assert await said(services, another(request_), route(OTHER)) == OTHER


async def test_readers_with_other_labels_have_other_answers(services: Services, request_: TurnRequest) -> None:
    staff = frozenset({"staff"})
    await ask(services, another(request_, labels=staff))

    assert await said(services, another(request_)) == OTHER
    assert await said(services, another(request_, labels=frozenset({"staff", "gold"}))) == OTHER
    assert await said(services, another(request_, labels=staff)) == GOOD


async def configure(services: Services, config: dict[str, object]) -> None:
    async with services.sessions.begin() as session:
        version = await session.scalar(select(Site.version).where(Site.name == "shop"))
        assert version is not None
        await configure_site(session, "shop", config, version=version)


@pytest.mark.parametrize(
    "config",
    [{"look": {"name": "Ada"}}, {"cache": "off"}, {"models": {"answers": ["big"]}}],
    ids=["another name", "switched off", "another chain"],
)
async def test_a_changed_site_answers_anew(
    services: Services, request_: TurnRequest, config: dict[str, object]
) -> None:
    await first(services, request_)
    await configure(services, config)

    assert await said(services, another(request_)) == OTHER


async def test_another_model_or_setting_answers_anew(services: Services, request_: TurnRequest) -> None:
    await first(services, request_)
    settings = services.settings.model_copy(
        update={"turn": services.settings.turn.model_copy(update={"answer_tokens": 99})}
    )

    assert await said(services, another(request_), route(OTHER, name="bigger")) == OTHER
    assert await said(replace(services, settings=settings), another(request_)) == OTHER


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        pytest.param({"text": "Refunds for mary@example.org: how long?"}, route(GOOD), id="personal data"),
        pytest.param({"attachments": (AttachedText("a.txt", "text/plain", REFUNDS),)}, route(GOOD), id="a file"),
        pytest.param({"earlier": (Earlier("visitor", "I am in Peru."),)}, route(GOOD), id="something said before"),
        pytest.param({"text": f"{QUESTION} {'Really? ' * 40}"}, route(GOOD), id="a long story"),
        pytest.param({"text": "Who won the cup?"}, route("NOT_IN_SOURCES"), id="not in the documents"),
        pytest.param({}, route("Our store in Lisbon opens at nine."), id="not supported"),
        pytest.param({}, route(fault=QuotaExhausted()), id="quoted"),
    ],
)
async def test_what_is_not_kept(
    services: Services, request_: TurnRequest, changes: dict[str, object], model: ModelRoute
) -> None:
    request = another(request_, **changes)

    await ask(services, request, model)

    assert await count(services.sessions, CachedAnswer) == 0


async def test_an_answer_of_the_second_model_is_not_kept(services: Services, request_: TurnRequest) -> None:
    text = await said(services, another(request_), route(fault=QuotaExhausted()), route(GOOD, name="own", rung="local"))

    assert text == GOOD
    assert await count(services.sessions, CachedAnswer) == 0


async def test_a_follow_up_is_not_answered_from_the_cache(services: Services, request_: TurnRequest) -> None:
    await first(services, request_)
    conversation = another(request_, text="Do refunds go to my card?")
    await ask(services, conversation, route(OTHER))

    follow_up = replace(conversation, message_id=uuid4(), text=QUESTION)
    assert await said(services, follow_up) == OTHER


@pytest.mark.parametrize("judged", ["the first answer", "the recalled one"])
async def test_an_answer_that_is_voted_down_is_not_given_again(
    services: Services, request_: TurnRequest, judged: str
) -> None:
    dones = [(await ask(services, another(request_)))[-1] for _ in range(2)]
    done = dones[0] if judged == "the first answer" else dones[1]
    assert isinstance(done, Done)
    async with services.sessions.begin() as session:
        await rate(session, request_.user_id, UUID(done.message_id), 1.0, None)
    assert await count(services.sessions, CachedAnswer) == 1
    async with services.sessions.begin() as session:
        await rate(session, request_.user_id, UUID(done.message_id), 0.0, None)

    assert await count(services.sessions, CachedAnswer) == 0
    assert await said(services, another(request_)) == OTHER
    assert await count(services.sessions, CachedAnswer) == 0, "it would be the same again"


async def test_an_answer_goes_with_the_conversation_it_was_given_in(services: Services, request_: TurnRequest) -> None:
    await first(services, request_)
    async with services.sessions.begin() as session:
        await session.execute(delete(Conversation))

    assert await count(services.sessions, CachedAnswer) == 0


async def test_a_question_that_is_asked_again_under_its_id_is_answered_anew(
    services: Services, request_: TurnRequest
) -> None:
    await ask(services, request_)

    assert await said(services, request_) == OTHER


async def test_processes_share_the_answers_and_sites_do_not(
    services: Services, request_: TurnRequest, engine: AsyncEngine, database_url: str
) -> None:
    await first(services, request_)
    elsewhere = make_engine(database_url)
    parts = Parts(services.encoder, FixedInjection(), services.personal_data, FixedIntent(), (route(OTHER),))
    async with services_on(elsewhere, services.settings, parts, secret=b"a secret of the tests, long enough") as second:
        assert await said(second, another(request_)) == GOOD
        async with second.sessions.begin() as session:
            site = Site(name="other", knowledge_version=1)
            session.add(site)
            await session.flush()
            user = await ensure_guest(session, site.id, uuid4())
            await session.execute(
                update(CachedAnswer).values(knowledge_version=1)  # as many changes as the other site
            )
        asked = another(request_, site_id=site.id, user_id=user.id)
        *_, done = await ask(second, asked)
        assert isinstance(done, Done)
        assert done.rung == "fixed"
    await elsewhere.dispose()


async def test_old_answers_and_those_beyond_the_bound_are_removed(
    services: Services, request_: TurnRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.cache.MOST_ENTRIES", 2)
    questions = [QUESTION, *(f"How long until refunds number {n} are paid?" for n in range(3))]
    for question in questions:
        await ask(services, another(request_, text=question))
    async with services.sessions.begin() as session:
        await session.execute(
            update(CachedAnswer)
            .where(CachedAnswer.question_key == question_key(questions[3], SECRET))
            .values(created_at=func.now() - KEEP - timedelta(hours=1))
        )
        await session.execute(
            update(CachedAnswer)
            .where(CachedAnswer.question_key == question_key(questions[1], SECRET))
            .values(used_at=func.now() - timedelta(hours=2))
        )
    assert await said(services, another(request_, text=questions[3])) == OTHER, "too old"
    async with services.sessions.begin() as session:
        await forget_old_answers(session)

    async with services.sessions() as session:
        assert set(await texts(session, select(CachedAnswer), "question")) == {QUESTION, questions[2]}


async def test_a_stored_question_is_the_protected_one(services: Services, request_: TurnRequest) -> None:
    for asked in ("Mail mary@example.org: how long until refunds are paid?", QUESTION):
        await ask(services, another(request_, text=asked))

    async with services.sessions() as session:
        assert await texts(session, select(CachedAnswer), "question") == [QUESTION]
        assert sum("[EMAIL_1]" in each for each in await texts(session, select(Message))) == 1
