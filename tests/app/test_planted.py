"""Nothing that visitors wrote is on the disk in clear, even where nobody took it for personal data."""

import logging
import mmap
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.calls import end_call, enter_call
from app.db.conversations import list_conversations, load_conversation
from app.db.handovers import wish_for_person
from app.db.scores import rate
from app.db.tables import CachedAnswer, Message
from app.db.users import ensure_guest
from app.turn_request import AttachedText, TurnRequest
from app.wiring import Services
from graph.context import PersonalSpan
from tests.app.turning import GOOD, Addresses, ask
from tests.graph.scripted import route

VALUES, TURNS = 200, 25


class Blind(Addresses):
    """Finds no personal data at all: what is left is the encryption."""

    def find(self, text: str) -> list[PersonalSpan]:
        """Return nothing."""
        return []


@dataclass(frozen=True, slots=True)
class Planted:
    """Names, cards and addresses that nobody else has ever written, each with one of two marks in it."""

    values: tuple[str, ...]
    marks: tuple[str, str]


def planted() -> Planted:
    mark, digits = uuid4().hex[:12], f"{random.SystemRandom().randrange(10**12):012}"
    values = (
        (
            f"Mira{mark} Okonkwo{n}",
            f"4{digits}{n:03}",
            f"{n} Lindenweg{mark}, 2{n:04} Husum",
            f"mira.{mark}.{n}@example.org",
        )[n % 4]
        for n in range(VALUES)
    )
    return Planted(tuple(values), (mark, digits))


def found_in(files: Iterable[Path], marks: Sequence[str]) -> set[str]:
    """Names of the files in which one of the marks stands."""
    found = set()
    for file in files:
        try:
            if file.is_file() and file.stat().st_size:
                with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    if any(content.find(mark.encode()) >= 0 for mark in marks):
                        found.add(file.name)
        except (FileNotFoundError, ValueError):  # removed, or cut to nothing meanwhile
            continue
    return found


async def files_of(engine: AsyncEngine, home: Path) -> list[Path]:
    """All files of the database's server, after it has written everything out: tables, log of changes, its own log."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("CHECKPOINT"))
    return [Path(parent) / name for parent, _, names in os.walk(home) for name in names]


async def test_of_two_hundred_planted_values_none_is_found_and_all_come_back(
    services: Services, request_: TurnRequest, engine: AsyncEngine, server_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    blind = replace(services, personal_data=Blind())
    secret = planted()
    values = secret.values
    async with services.sessions.begin() as session:
        user, other = [await ensure_guest(session, request_.site_id, uuid4()) for _ in range(2)]
    conversation = uuid4()
    share = VALUES // TURNS
    for turn in range(TURNS):
        own = values[turn * share : (turn + 1) * share]
        alone = turn % 4 == 0  # such answers are kept to be given again
        file = AttachedText(f"{own[2]}.txt", "text/plain", f"{own[3]} How long? {own[4]} {own[5]}")
        asked = replace(
            request_,
            user_id=user.id if turn % 2 else other.id,
            conversation_id=conversation if turn % 2 else uuid4(),
            message_id=uuid4(),
            text=f"{own[0]}, {own[1]}: how long until refunds are paid?",
            attachments=() if alone else (file,),
        )
        await ask(blind, asked, route(f"{GOOD} Dear {own[6]}."))
        async with services.sessions.begin() as session:
            answer = await session.scalar(select(Message.id).where(Message.reply_to == asked.message_id))
            assert answer is not None
            await rate(session, asked.user_id, answer, 1.0, f"Thanks, {own[7]}")
            await wish_for_person(
                session, request_.site_id, asked.conversation_id, note=f"Call {own[0]}", contact=own[1]
            )
            call = await enter_call(
                session,
                site_id=request_.site_id,
                conversation_id=asked.conversation_id,
                answer_id=answer,
                tool="refund",
                arguments=[("to", own[2], "visitor"), ("card", own[1], "visitor")],
                state="running",
            )
            assert call
            await end_call(session, call, asked.conversation_id, done=True, result=f"Paid to {own[3]}")

    assert found_in(await files_of(engine, server_home), secret.marks) == set()
    assert not [mark for mark in secret.marks if mark in caplog.text]
    async with services.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(CachedAnswer)) == len(range(0, TURNS, 4))
        whole = await load_conversation(session, request_.site_id, conversation)
        page = await list_conversations(session, user.id, limit=100, search=values[share].upper())
        none = await list_conversations(session, user.id, limit=100, search="nobody said this")
    assert whole is not None
    told = " ".join(message.text for message in whole.messages)
    assert all(value in told for value in (values[share], values[share + 1]))
    assert (len(page.conversations), len(none.conversations)) == (1, 0)


async def test_the_search_finds_what_is_written_in_clear(engine: AsyncEngine, server_home: Path) -> None:
    secret = planted()
    async with engine.begin() as connection:
        statement = text("CREATE TABLE in_clear AS SELECT CAST(:value AS text) AS it")
        await connection.execute(statement, {"value": secret.values[2]})

    assert found_in(await files_of(engine, server_home), secret.marks)
