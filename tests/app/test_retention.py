"""Each site's data goes when the site says so, with what hangs on it, and nothing else goes."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from app.db.audit import verify
from app.db.messages import NewMessage, begin_turn
from app.db.scores import rate
from app.db.sites import configure_site, ensure_site
from app.db.tables import Attachment, AuditRecord, Conversation, Message, Pseudonym, Score, Site, Trace, Usage, User
from app.db.users import ensure_guest, ensure_user
from app.jobs.keeping import retain
from app.retention import enforce, overdue
from app.settings import Settings
from app.sites.config import SiteRefused, read_config
from app.turn_request import AttachedText, TurnRequest
from app.wiring import Services
from tests.app.turning import GOOD, ask, count
from tests.graph.scripted import route

NOW = datetime.now(UTC)


async def asks(services: Services, request: TurnRequest, days_ago: float) -> TurnRequest:
    """A rated turn with a file, so many days ago."""
    async with services.sessions.begin() as session:
        user = await ensure_guest(session, request.site_id, uuid4())
    asked = replace(
        request,
        user_id=user.id,
        conversation_id=uuid4(),
        message_id=uuid4(),
        text=f"I am kim@example.org , {request.text}",
        attachments=(AttachedText("a.txt", "text/plain", "something"),),
    )
    await ask(services, asked, route(GOOD))
    at = NOW - timedelta(days=days_ago)
    async with services.sessions.begin() as session:
        answer = select(Message.id).where(Message.conversation_id == asked.conversation_id, Message.role == "assistant")
        await rate(session, user.id, (await session.scalars(answer)).one(), 1.0, None)
        ours = Trace.conversation_id == asked.conversation_id
        for table, column, which in (
            (Attachment, "created_at", Attachment.conversation_id == asked.conversation_id),
            (Score, "created_at", Score.author_id == user.id),
            (Usage, "created_at", Usage.trace_id.in_(select(Trace.id).where(ours))),
            (Trace, "started_at", ours),
            (User, "created_at", User.id == user.id),
            (Conversation, "updated_at", Conversation.id == asked.conversation_id),
        ):
            await session.execute(update(table).where(which).values({column: at}))
    return asked


async def keeps(services: Services, days: dict[str, int], site: str = "shop") -> None:
    async with services.sessions.begin() as session:
        row = await ensure_site(session, site)
        await configure_site(session, site, {"retention": days}, version=row.version)


async def run(services: Services, **bounds: Any) -> dict[str, dict[str, int]]:
    return await enforce(services.sessions, services.secret, NOW, actor="test", **bounds)


async def kept(services: Services, *tables: type) -> list[int]:
    return [await count(services.sessions, table) for table in tables]


async def test_without_limits_everything_stays(services: Services, request_: TurnRequest) -> None:
    await asks(services, request_, 4000)

    assert await overdue(services.sessions, NOW) == await run(services) == {}
    assert await count(services.sessions, AuditRecord) == 0


async def test_old_conversations_go_with_all_that_hangs_on_them(services: Services, request_: TurnRequest) -> None:
    old, young = await asks(services, request_, 31), await asks(services, request_, 29)
    await keeps(services, {"conversations": 30})

    due = await overdue(services.sessions, NOW)
    before = await kept(services, Conversation)
    gone = await run(services)

    assert (due, before) == ({"shop": {"conversations": 1}}, [2])
    # The guest, who has nothing left, goes with the next kind.
    assert gone == {"shop": {"conversations": 1, "guests": 1}}
    assert await kept(services, Conversation, Message, Attachment, Trace, Score, Pseudonym) == [1, 2, 1, 1, 1, 1]
    async with services.sessions() as session:
        assert await session.get(Conversation, young.conversation_id)
        assert await session.get(User, old.user_id) is None
        (told,) = (await session.scalars(select(AuditRecord))).all()
        await verify(session, services.secret)
    assert (told.actor, told.action, told.subject) == ("test", "retention", "shop")
    assert told.details == {"conversations": 1, "guests": 1}
    assert await run(services) == {}


@pytest.mark.parametrize(
    ("kind", "table"),
    [("attachments", Attachment), ("traces", Trace), ("scores", Score), ("ledger", Usage)],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_kind_has_a_time_of_its_own(
    services: Services, request_: TurnRequest, kind: str, table: type
) -> None:
    everything = (Conversation, Message, Attachment, Trace, Score, Usage)
    await asks(services, request_, 31)
    await asks(services, request_, 29)
    before = await kept(services, *everything)
    await keeps(services, {kind: 30})

    assert await run(services) == {"shop": {kind: 1}}

    after = await kept(services, *everything)
    assert after == [was - (each is table) for each, was in zip(everything, before, strict=True)]


async def test_a_turn_that_was_never_judged_keeps_the_trace_that_says_so(
    services: Services, request_: TurnRequest
) -> None:
    await asks(services, request_, 31)
    async with services.sessions.begin() as session:
        await session.execute(update(Trace).values(intent=None))
    await keeps(services, {"traces": 30})

    assert await run(services) == {}


async def test_guests_go_that_have_no_conversation_and_nobody_else(services: Services, request_: TurnRequest) -> None:
    talked = await asks(services, request_, 20)
    async with services.sessions.begin() as session:
        for old in (True, False):
            guest = await ensure_guest(session, request_.site_id, uuid4())
            at = NOW - timedelta(days=31 if old else 29)
            await session.execute(update(User).where(User.id == guest.id).values(created_at=at))
        named = await ensure_user(session, request_.site_id, "kim", "Kim")
        await session.execute(
            update(User).where(User.id.in_([named.id, talked.user_id])).values(created_at=NOW - timedelta(days=99))
        )
    people = await count(services.sessions, User)

    assert await run(services) == {"shop": {"guests": 1}}
    assert await count(services.sessions, User) == people - 1


async def test_other_sites_keep_what_is_theirs(services: Services, request_: TurnRequest) -> None:
    await asks(services, request_, 31)
    await keeps(services, {"conversations": 1}, "other")

    assert await run(services) == {}
    assert await count(services.sessions, Conversation) == 1


async def _many(services: Services, request: TurnRequest, number: int) -> None:
    async with services.sessions.begin() as session:
        session.add_all(
            Conversation(id=uuid4(), site_id=request.site_id, user_id=request.user_id, updated_at=NOW - timedelta(9))
            for _ in range(number)
        )
    await keeps(services, {"conversations": 1})


async def test_a_run_has_a_bound_and_the_next_goes_on(services: Services, request_: TurnRequest) -> None:
    await _many(services, request_, 10)

    runs = [await run(services, step=3, steps=2) for _ in range(3)]

    assert runs == [{"shop": {"conversations": 6}}, {"shop": {"conversations": 4}}, {}]


async def test_two_at_once_remove_everything_once(services: Services, request_: TurnRequest) -> None:
    await _many(services, request_, 40)

    runs = await asyncio.gather(*(run(services, step=5) for _ in range(3)))
    runs = [*runs, await run(services)]

    assert sum(each.get("shop", {}).get("conversations", 0) for each in runs) == 40
    assert await count(services.sessions, Conversation) == 0


async def test_a_conversation_that_goes_on_meanwhile_stays(services: Services, request_: TurnRequest) -> None:
    asked = await asks(services, request_, 31)
    await keeps(services, {"conversations": 30})

    async with services.sessions.begin() as session:
        again = NewMessage(uuid4(), asked.site_id, asked.user_id, asked.conversation_id, "And?")
        await begin_turn(session, again, owner=1)
        assert await run(services) == {}

    assert await run(services) == {}
    assert await count(services.sessions, Conversation) == 1


async def test_a_guest_who_begins_to_write_meanwhile_stays(services: Services, request_: TurnRequest) -> None:
    async with services.sessions.begin() as session:
        await session.execute(update(User).values(created_at=NOW - timedelta(days=99)))

    async with services.sessions.begin() as session:
        await begin_turn(session, NewMessage(uuid4(), request_.site_id, request_.user_id, uuid4(), "How?"), owner=1)
        assert await run(services) == {}

    assert await run(services) == {}
    assert await count(services.sessions, User) == 1


async def test_the_worker_does_it(services: Services, request_: TurnRequest) -> None:
    await _many(services, request_, 2)
    settings = Settings(secret=SecretStr("x" * 40))

    assert await retain(services.engine, settings, NOW) == {"shop": {"conversations": 2}}
    assert await retain(services.engine, settings, NOW) == {}


async def test_a_site_whose_configuration_cannot_be_read_is_passed_over(
    services: Services, request_: TurnRequest
) -> None:
    await _many(services, request_, 1)
    async with services.sessions.begin() as session:
        await session.execute(update(Site).values(config={"retention": {"conversations": 1}, "nonsense": 1}))

    assert await run(services) == {}


@pytest.mark.parametrize("days", [0, -1, "for ever"])
def test_a_time_that_cannot_be_is_refused(days: object) -> None:
    with pytest.raises(SiteRefused, match=r"retention\.conversations"):
        read_config({"retention": {"conversations": days}})
