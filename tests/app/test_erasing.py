import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from sqlalchemy import inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.backup import BackupFailed, back_up, restore
from app.db.audit import verify
from app.db.calls import end_call, enter_call
from app.db.conversations import load_conversation
from app.db.engine import make_engine
from app.db.handovers import wish_for_person
from app.db.scores import rate
from app.db.tables import AuditRecord, Base, Conversation, Message, Usage, User
from app.db.users import ensure_guest
from app.erasing import UnknownVisitor, certificate_hash, erase, export, visitor_of
from app.turn_request import AttachedText, TurnRequest
from app.vault.open import open_vault, secret_master
from app.vault.sealing import Unreadable
from app.wiring import Services
from tests.app.turning import ask
from tests.graph.scripted import route

MINE = "kim@example.org"


async def lives(services: Services, request: TurnRequest, address: str) -> UUID:
    """Let somebody ask with a file, judge the answer and ask for a person; return their id."""
    async with services.sessions.begin() as session:
        user = await ensure_guest(session, request.site_id, uuid4())
    asked = replace(
        request,
        user_id=user.id,
        conversation_id=uuid4(),
        message_id=uuid4(),
        text=f"I am {address} , how long until refunds are paid?",
        attachments=(AttachedText("order.txt", "text/plain", f"Order of {address}"),),
    )
    await ask(services, asked, route("Refunds for [EMAIL_1] are paid within 14 days of your request [1]."))
    async with services.sessions.begin() as session:
        answer = (
            await session.scalars(
                select(Message).where(Message.conversation_id == asked.conversation_id, Message.role == "assistant")
            )
        ).one()
        await rate(session, user.id, answer.id, 1.0, "Thanks from [EMAIL_1]")
        await wish_for_person(session, request.site_id, asked.conversation_id, note="Call", contact="[EMAIL_1]")
        entered = await enter_call(
            session,
            site_id=request.site_id,
            conversation_id=asked.conversation_id,
            answer_id=answer.id,
            tool="refund",
            arguments=[("to", "[EMAIL_1]", "visitor")],
            state="running",
        )
        assert entered
        await end_call(session, entered, asked.conversation_id, done=True, result="Paid to [EMAIL_1]")
    # What a process leaves that dies in the middle of a turn.
    await services.checkpoints.aput(
        {
            "configurable": {
                "thread_id": str(uuid4()),
                "checkpoint_ns": "",
                "conversation_id": str(asked.conversation_id),
            }
        },
        empty_checkpoint(),
        {"source": "input", "step": -1, "parents": {}},
        {},
    )
    return user.id


async def everything(engine: AsyncEngine) -> dict[str, str]:
    """The content of every table there is, as text."""
    async with engine.connect() as connection:
        tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
        return {
            table: str((await connection.scalars(text(f"SELECT t::text FROM {table} t"))).all())  # noqa: S608 - names of tables
            for table in tables
        }


async def test_erasing_leaves_nothing_of_one_visitor_and_all_of_another(
    services: Services, request_: TurnRequest, engine: AsyncEngine
) -> None:
    mine, other = (await lives(services, request_, MINE), await lives(services, request_, "lee@example.org"))
    async with services.sessions() as session:
        ids = [
            str(id_)
            for column in (Message.conversation_id, Message.id)
            for id_ in await session.scalars(
                select(column)
                .join(Conversation, Conversation.id == Message.conversation_id)
                .where(Conversation.user_id == mine)
            )
        ]

    async with services.sessions.begin() as session:
        user = await visitor_of(session, "shop", str(mine))
        certificate = await erase(session, services.secret, user, actor="test")

    counts = certificate["counts"]
    assert {name for name, count in counts.items() if not count} <= {"cached_answers", "limits"}
    assert (counts["messages"], counts["pseudonyms"], counts["keys"], counts["checkpoints"]) == (2, 1, 1, 1)
    for table, content in (await everything(engine)).items():
        if table != "audit_records":
            assert not [id_ for id_ in (str(mine), MINE, *ids) if id_ in content], table
    async with services.sessions() as session:
        assert (await session.scalars(select(Usage.trace_id))).all().count(None) == counts[
            "ledger_lines_made_anonymous"
        ]
        theirs = (await session.scalars(select(Conversation.id).where(Conversation.user_id == other))).one()
        whole = await load_conversation(session, request_.site_id, theirs)
        assert whole
        assert (len(whole.messages), whole.pseudonyms) == (2, {"[EMAIL_1]": "lee@example.org"})
        kept = (await session.scalars(select(AuditRecord))).one()
        assert await verify(session, services.secret)
    assert (kept.action, kept.subject, kept.details["certificate"]) == ("erase", str(mine), certificate["sha256"])
    assert certificate["sha256"] == certificate_hash(certificate)
    assert certificate["sha256"] != certificate_hash(certificate | {"counts": {}})


async def test_what_an_erased_visitor_wrote_cannot_be_read_from_a_restored_backup(
    services: Services, request_: TurnRequest, empty_database_url: str, tmp_path: Path
) -> None:
    mine, other = (await lives(services, request_, MINE), await lives(services, request_, "lee@example.org"))
    whole, keys = await back_up(services.engine, tmp_path / "backups")
    assert [file.stat().st_mode & 0o777 for file in (keys.parent, whole, keys)] == [0o700, 0o600, 0o600]
    async with services.sessions.begin() as session:
        await erase(session, services.secret, await visitor_of(session, "shop", str(mine)), actor="test")
    assert await back_up(services.engine, tmp_path / "backups", keys_alone=True) == [keys]

    restored = make_engine(empty_database_url)
    try:
        await restore(restored, whole, keys)
        with pytest.raises(BackupFailed, match="holds Parley's tables already"):
            await restore(restored, whole, keys)
        sessions = await open_vault(restored, secret_master(services.secret))
        async with sessions() as session:
            theirs, kept = [
                (await session.scalars(select(Conversation.id).where(Conversation.user_id == user))).one()
                for user in (mine, other)
            ]
            with pytest.raises(Unreadable):
                await load_conversation(session, request_.site_id, theirs)
            found = await load_conversation(session, request_.site_id, kept)
            assert found is not None
            assert found.messages[0].text == "I am [EMAIL_1] , how long until refunds are paid?"
    finally:
        await restored.dispose()


async def test_an_export_holds_everything_in_the_visitors_own_words(services: Services, request_: TurnRequest) -> None:
    mine = await lives(services, request_, MINE)
    await lives(services, request_, "lee@example.org")

    async with services.sessions.begin() as session:
        given = await export(session, services.secret, await visitor_of(session, "shop", str(mine)), actor="test")
        record = (await session.scalars(select(AuditRecord))).one()

    (told,) = json.loads(json.dumps(given))["conversations"]
    question, answer = told["messages"]
    assert question["text"] == f"I am {MINE} , how long until refunds are paid?"
    assert answer["text"].startswith(f"Refunds for {MINE} are paid")
    assert answer["sources"][0]["text"]
    assert told["attachments"] == [{"name": "order.txt", "media_type": "text/plain", "text": f"Order of {MINE}"}]
    assert told["ratings"][0]["comment"] == f"Thanks from {MINE}"
    assert told["wishes_for_a_person"][0]["contact"] == MINE
    (call,) = told["calls_of_tools"]
    assert (call["arguments"], call["result"], call["state"]) == ({"to": MINE}, f"Paid to {MINE}", "done")
    assert told["personal_data_found"] == {"[EMAIL_1]": MINE}
    assert "lee" not in str(given)
    assert (record.action, record.details) == ("export", {"conversations": 1})


async def test_nobody_is_found_at_another_site(services: Services, request_: TurnRequest) -> None:
    async with services.sessions.begin() as session:
        user = (await session.scalars(select(User))).one()
        for name in (user.identifier, str(user.id)):
            assert (await visitor_of(session, "shop", name)).id == user.id
        with pytest.raises(UnknownVisitor):
            await visitor_of(session, "shop", "somebody else")
        with pytest.raises(UnknownVisitor):
            await visitor_of(session, "shop", str(uuid4()))


def test_every_table_with_data_of_visitors_goes_with_the_visitor() -> None:
    """A new table that hangs on a visitor must go with them by itself, or be named here."""
    set_null = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.ondelete != "CASCADE"
        and key.column.table.name in {"users", "conversations", "messages", "traces", "spans"}
    }
    known: set[Any] = {
        ("scores", "author_id"),
        ("tool_calls", "decided_by"),
        ("tool_calls", "message_id"),
        ("usage", "trace_id"),
    }
    assert set_null == known
