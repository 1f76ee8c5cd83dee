"""A turn from the visitor's message to what is kept of it, on the real database."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from sqlalchemy import func, select, table, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.engine import make_engine
from app.db.messages import mark_cut
from app.db.sites import ensure_site
from app.db.tables import Attachment, Citation, Conversation, Document, Message, Pseudonym, Span, Trace, Usage
from app.db.users import ensure_guest
from app.ingest import ingest
from app.owner import owner_lock
from app.settings import load_settings
from app.turns import AttachedText, TurnRequest, run_turn
from app.wiring import Services, checkpoint_pool, checkpoint_serializer
from graph.build import build_graph
from graph.context import ModelRoute, PersonalSpan
from graph.errors import QuotaExhausted
from graph.events import Done, Event, Failed, Notice, Source, Started, Token
from tests.graph.scripted import FixedInjection, FixedIntent, Scripted, WordEncoder, route

Sessions = async_sessionmaker[AsyncSession]
REFUNDS = "# Refunds\n\nRefunds are paid within 14 days of your request. They go to the card that you paid with.\n"
QUESTION = "How long until refunds are paid?"
GOOD = "Refunds are paid within 14 days of your request [1]."


class Addresses:
    """Takes every word with an @ for personal data."""

    def find(self, text: str) -> list[PersonalSpan]:
        """Return the spans."""
        words, spans, start = text.split(" "), [], 0
        for word in words:
            if "@" in word:
                spans.append(PersonalSpan("EMAIL", start, start + len(word), 1.0))
            start += len(word) + 1
        return spans


class Broken:
    """A guard that cannot run."""

    def find(self, text: str) -> list[PersonalSpan]:
        """Fail."""
        raise RuntimeError("model gone")


@pytest.fixture
async def services(
    engine: AsyncEngine, sessions: Sessions, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    settings = load_settings({"PARLEY_CHAT__SUBJECT": "the shop", "PARLEY_TURN__MESSAGE_CHARS": "500"})
    folder = tmp_path_factory.mktemp("shop")
    (folder / "refunds.md").write_text(REFUNDS, encoding="utf-8")
    encoder = WordEncoder()
    await ingest(sessions, encoder, settings.knowledge, site="shop", paths=[folder])
    async with owner_lock(engine) as owner, checkpoint_pool(database_url) as pool:
        checkpoints = AsyncPostgresSaver(pool, serde=checkpoint_serializer())
        yield Services(
            settings=settings,
            secret=b"secret",
            owner=owner,
            engine=engine,
            sessions=sessions,
            encoder=encoder,
            injection=FixedInjection(),
            personal_data=Addresses(),
            intents=FixedIntent(),
            models=(route(GOOD),),
            graph=build_graph(checkpoints),
            checkpoints=checkpoints,
        )


@pytest.fixture
async def request_(services: Services) -> TurnRequest:
    async with services.sessions.begin() as session:
        site = await ensure_site(session, "shop")
        user = await ensure_guest(session, site.id, uuid4())
    return TurnRequest(site.id, user.id, uuid4(), uuid4(), QUESTION)


async def ask(services: Services, request: TurnRequest, *models: ModelRoute) -> list[Event]:
    used = replace(services, models=models) if models else services
    return [event async for event in run_turn(used, request)]


async def count(sessions: Sessions, table: type) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def answers(services: Services, conversation: UUID) -> list[Message]:
    async with services.sessions() as session:
        return list(
            await session.scalars(
                select(Message)
                .where(Message.conversation_id == conversation, Message.role == "assistant")
                .order_by(Message.created_at)
            )
        )


async def test_an_answer_is_kept_with_its_sources_trace_and_usage(services: Services, request_: TurnRequest) -> None:
    events = await ask(services, request_)

    started, done = events[0], events[-1]
    assert isinstance(started, Started)
    assert isinstance(done, Done)
    assert done.text == GOOD == "".join(event.text for event in events if isinstance(event, Token))
    assert [source.document for source in done.sources] == ["refunds.md"]
    (answer,) = await answers(services, request_.conversation_id)
    assert (str(answer.id), answer.status, answer.text, answer.rung) == (started.message_id, "done", GOOD, "hosted")
    async with services.sessions() as session:
        trace = (await session.scalars(select(Trace))).one()
        assert (str(trace.id), trace.intent, trace.outcome) == (done.trace_id, "scripted", "done")
        assert trace.details["passages"][0]["similarity"] > 0.4
        names = (await session.scalars(select(Span.name).order_by(Span.id))).all()
        assert names == ["screen", "classify", "retrieve", "answer", "check"]
        assert (await session.scalars(select(Usage.model))).all() == ["big"]
    assert await count(services.sessions, Citation) == 1


async def test_nothing_is_left_of_the_checkpoints(services: Services, request_: TurnRequest) -> None:
    await ask(services, request_)

    async with services.engine.connect() as connection:
        for name in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
            assert await connection.scalar(select(func.count()).select_from(table(name))) == 0


async def test_personal_data_reaches_neither_model_nor_database_and_comes_back(
    services: Services, request_: TurnRequest
) -> None:
    request = replace(request_, text="Refunds for mary@example.org please: how long until refunds are paid?")
    model = route("Refunds for [EMAIL_1] are paid within 14 days of your request [1].")

    done = (await ask(services, request, model))[-1]

    assert isinstance(done, Done)
    assert done.text == "Refunds for mary@example.org are paid within 14 days of your request [1]."
    assert isinstance(model.model, Scripted)
    assert "mary" not in str(model.model.seen)
    async with services.sessions() as session:
        stored = (await session.scalars(select(Message.text))).all()
        assert "mary" not in " ".join(stored)
        assert "mary" not in str((await session.scalars(select(Conversation.title))).all())
        assert (await session.execute(select(Pseudonym.token, Pseudonym.value))).all() == [
            ("[EMAIL_1]", "mary@example.org")
        ]


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("   \n ", "Your message is empty. Please write a question."),
        ("x" * 501, "Your message has 501 characters; at most 500 can be read. Please shorten it."),
    ],
)
async def test_what_cannot_be_a_turn_is_refused_and_not_stored(
    services: Services, request_: TurnRequest, message: str, sentence: str
) -> None:
    (failed,) = await ask(services, replace(request_, text=message))

    assert isinstance(failed, Failed)
    assert failed.text == sentence
    assert await count(services.sessions, Message) == 0


async def test_a_guard_that_cannot_run_stops_the_turn_before_anything_is_stored(
    services: Services, request_: TurnRequest
) -> None:
    (failed,) = await ask(replace(services, personal_data=Broken()), request_)

    assert isinstance(failed, Failed)
    assert "safety check" in failed.text
    assert await count(services.sessions, Message) == 0


async def test_stopping_keeps_what_was_shown(services: Services, request_: TurnRequest) -> None:
    slow = replace(services, models=(route("Refunds are paid within " + "many " * 400),))
    async with aclosing(run_turn(slow, request_)) as events:
        shown = ""
        async for event in events:
            if isinstance(event, Token):
                shown += event.text
            if len(shown.split()) >= 4:
                break

    (answer,) = await answers(services, request_.conversation_id)
    assert (answer.status, answer.text) == ("stopped", shown)


async def test_a_cancelled_turn_is_stopped_too(services: Services, request_: TurnRequest) -> None:
    started = asyncio.Event()

    async def consume() -> None:
        async for event in run_turn(replace(services, models=(route("word " * 5_000),)), request_):
            if isinstance(event, Token):
                started.set()

    task = asyncio.create_task(consume())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    (answer,) = await answers(services, request_.conversation_id)
    assert answer.status == "stopped"


async def test_asking_again_under_the_same_id_replaces_what_came_after(
    services: Services, request_: TurnRequest
) -> None:
    await ask(services, request_)
    await ask(services, replace(request_, message_id=uuid4(), text="And for gifts?"))
    await ask(services, replace(request_, text="How long until gifts are refunds?"))

    async with services.sessions() as session:
        texts = (await session.scalars(select(Message.text).order_by(Message.created_at))).all()
    assert texts[0] == "How long until gifts are refunds?"
    assert len(texts) == 2


async def test_earlier_messages_are_the_models_history(services: Services, request_: TurnRequest) -> None:
    await ask(services, request_)
    model = route(GOOD)
    await ask(services, replace(request_, message_id=uuid4(), text="Are refunds paid to my card?"), model)

    assert isinstance(model.model, Scripted)
    assert [message.text for message in model.model.seen[0][1:3]] == [QUESTION, GOOD]


async def test_another_visitors_conversation_is_closed(services: Services, request_: TurnRequest) -> None:
    await ask(services, request_)
    async with services.sessions.begin() as session:
        other = await ensure_guest(session, request_.site_id, uuid4())

    (failed,) = await ask(services, replace(request_, user_id=other.id, message_id=uuid4()))

    assert isinstance(failed, Failed)
    assert len(await answers(services, request_.conversation_id)) == 1


async def test_a_lower_rung_is_told_to_the_visitor(services: Services, request_: TurnRequest) -> None:
    events = await ask(services, request_, route(name="vast", fault=QuotaExhausted()))

    assert Notice("The model vast is over quota, so here is what the documents say.") in events
    (answer,) = await answers(services, request_.conversation_id)
    assert (answer.rung, answer.notice) == ("quote", "The model vast is over quota, so here is what the documents say.")


async def test_an_attached_text_can_be_asked_about(services: Services, request_: TurnRequest) -> None:
    note = AttachedText(
        "mary@example.org note.txt", "text/plain", "Warranty covers two years for mary@example.org and her bicycle."
    )
    request = replace(request_, text="Which bicycle warranty covers two years?", attachments=(note,))

    events = await ask(services, request, route("Warranty covers two years [1]."))

    sources = [event for event in events if isinstance(event, Source)]
    assert [source.document for source in sources] == ["mary@example.org note.txt"], "restored for its visitor"
    async with services.sessions() as session:
        attachment = (await session.scalars(select(Attachment))).one()
        citation = (await session.scalars(select(Citation))).one()
        assert "mary" not in f"{attachment.name} {attachment.text} {citation.document} {citation.title} {citation.text}"


async def test_the_database_going_away_in_mid_turn_is_told_and_nothing_written_is_lost(
    services: Services, request_: TurnRequest, engine: AsyncEngine
) -> None:
    other = make_engine(str(engine.url.render_as_string(hide_password=False)).replace("+psycopg", ""))
    events: list[Event] = []
    async for event in run_turn(services, request_):
        events.append(event)
        if isinstance(event, Started):
            async with other.connect() as connection:
                await connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
    await other.dispose()

    assert isinstance(events[-1], Done | Failed)
    if isinstance(events[-1], Failed):
        assert "try again" in events[-1].text
    async with services.sessions() as session:
        assert (await session.scalars(select(Message.text).where(Message.role == "visitor"))).all() == [QUESTION]


async def test_answers_of_dead_processes_are_marked_and_those_of_living_ones_are_not(
    services: Services, request_: TurnRequest
) -> None:
    await ask(services, request_)
    async with services.sessions.begin() as session:
        await session.execute(text("UPDATE messages SET status = 'open', owner = '7' WHERE role = 'assistant'"))
        assert await mark_cut(session) == 1
        await session.execute(
            text("UPDATE messages SET status = 'open', owner = :owner WHERE role = 'assistant'"),
            {"owner": str(services.owner)},
        )
        assert await mark_cut(session) == 0

    assert await count(services.sessions, Document) == 1


async def test_an_answer_stands_although_its_checkpoints_cannot_be_removed(
    services: Services, request_: TurnRequest
) -> None:
    class Unremovable:
        async def adelete_thread(self, thread_id: str) -> None:
            """Fail."""
            raise OSError("gone")

    events = await ask(replace(services, checkpoints=Unremovable()), request_)  # type: ignore[arg-type]  # a stand-in

    assert isinstance(events[-1], Done)
    assert [message.status for message in await answers(services, request_.conversation_id)] == ["done"]


async def test_leaving_after_the_last_event_stops_nothing_and_leaves_no_checkpoint(
    services: Services, request_: TurnRequest, caplog: pytest.LogCaptureFixture
) -> None:
    async with aclosing(run_turn(services, request_)) as events:
        async for event in events:
            if isinstance(event, Done):
                break

    assert [message.status for message in await answers(services, request_.conversation_id)] == ["done"]
    assert await count(services.sessions, table("checkpoints")) == 0  # type: ignore[arg-type]  # not one of our tables
    assert not caplog.records


async def test_a_turn_that_is_stopped_while_it_is_stored_leaves_no_open_answer(
    services: Services, request_: TurnRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def turn() -> None:
        async with aclosing(run_turn(services, request_)) as events:
            async for _ in events:
                pass

    async def stopped_before_the_commit(*_: object, **__: object) -> list[Message]:
        task.cancel()
        return []

    monkeypatch.setattr("app.turns.history", stopped_before_the_commit)
    task = asyncio.create_task(turn())
    await asyncio.wait({task})

    assert task.cancelled()
    assert [message.status for message in await answers(services, request_.conversation_id)] == ["stopped"]


async def test_characters_that_no_database_holds_are_left_out(services: Services, request_: TurnRequest) -> None:
    events = await ask(services, replace(request_, text=f"{QUESTION}\0 \ud800"))

    assert isinstance(events[-1], Done)


async def test_an_error_of_the_database_is_logged_without_personal_data(
    services: Services, request_: TurnRequest, caplog: pytest.LogCaptureFixture
) -> None:
    async with services.sessions.begin() as session:
        await session.execute(text("ALTER TABLE pseudonyms RENAME COLUMN value TO other"))
        await session.execute(text("ALTER TABLE pseudonyms ADD COLUMN value int"))

    events = await ask(services, replace(request_, text="Write to ann@example.com"))

    assert isinstance(events[-1], Failed)
    assert "turn failed" in caplog.text
    assert "ann@example.com" not in caplog.text


async def test_two_messages_at_once_do_not_share_a_pseudonym(services: Services, request_: TurnRequest) -> None:
    both = threading.Barrier(2)

    class AtOnce(Addresses):
        def find(self, text: str) -> list[PersonalSpan]:
            """Wait until both messages are looked at."""
            both.wait(timeout=10)
            return super().find(text)

    used = replace(services, personal_data=AtOnce())
    await asyncio.gather(
        ask(used, replace(request_, text="Write to ann@example.com")),
        ask(used, replace(request_, message_id=uuid4(), text="Write to bob@example.com")),
    )

    async with services.sessions() as session:
        tokens = {row.value: row.token for row in await session.scalars(select(Pseudonym))}
        texts = set(await session.scalars(select(Message.text).where(Message.role == "visitor")))
    assert texts == {f"Write to {tokens['ann@example.com']}", f"Write to {tokens['bob@example.com']}"}
