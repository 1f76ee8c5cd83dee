"""Texts of conversations in the database: encrypted, bound to their place, and those of an older version as well."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.conversations import load_conversation
from app.db.migrate import alembic_config, migrate
from app.db.sealed import opened
from app.db.sites import ensure_site
from app.db.tables import Message
from app.db.users import ensure_guest
from app.turn_request import AttachedText, TurnRequest
from app.vault.open import open_vault, secret_master
from app.vault.sealing import Unreadable
from app.wiring import Services
from tests.app.turning import ask
from tests.conftest import SECRET

Sessions = async_sessionmaker[AsyncSession]


async def test_texts_that_change_places_are_refused(services: Services, request_: TurnRequest) -> None:
    await ask(services, request_)
    swap = text(
        "UPDATE messages AS m SET text = other.text FROM messages AS other "
        "WHERE other.conversation_id = m.conversation_id AND other.id <> m.id"
    )
    async with services.sessions.begin() as session:
        await session.execute(swap)

    async with services.sessions() as session:
        with pytest.raises(Unreadable):
            await load_conversation(session, request_.site_id, request_.conversation_id)


async def test_a_column_is_not_taken_for_another_one(services: Services, request_: TurnRequest) -> None:
    file = AttachedText("order.txt", "text/plain", "Two books")
    await ask(services, replace(request_, attachments=(file,)))
    async with services.sessions.begin() as session:
        await session.execute(text("UPDATE attachments SET name = text"))

    async with services.sessions() as session:
        with pytest.raises(Unreadable):
            await load_conversation(session, request_.site_id, request_.conversation_id)


async def test_what_nobody_has_opened_is_not_shown(services: Services, request_: TurnRequest) -> None:
    await ask(services, request_)
    async with services.sessions() as session:
        rows = (await session.scalars(select(Message))).all()
        with pytest.raises(Unreadable):
            assert rows[0].text

        assert {row.text for row in await opened(session, rows)} >= {request_.text}


async def test_texts_of_an_older_version_are_encrypted_at_the_first_start(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    conversation, question, file = uuid4(), uuid4(), uuid4()
    async with sessions.begin() as session:
        site = await ensure_site(session, "shop")
        user = await ensure_guest(session, site.id, uuid4())
    async with engine.begin() as connection:
        await connection.run_sync(lambda c: command.downgrade(alembic_config(c), "0013"))
        for statement in OLD:
            given = {"c": conversation, "q": question, "f": file, "s": site.id, "u": user.id}
            await connection.execute(text(statement), {k: v for k, v in given.items() if f":{k}" in statement})
    await migrate(engine)

    master = secret_master(SECRET)
    one, other = await asyncio.gather(open_vault(engine, master), open_vault(engine, master))

    for each in (one, other):
        assert await told(each, site.id, conversation) == ["Zoë asks", "Where is Zoë?", "", "zoë.txt", "By Zoë"]
    async with engine.connect() as connection:
        clear = await connection.scalar(
            text(
                "SELECT count(*) FROM messages, conversations, attachments "
                "WHERE position('Zo'::bytea IN messages.text) + position('Zo'::bytea IN attachments.text) "
                "+ position('Zo'::bytea IN title) + position('zo'::bytea IN name) > 0"
            )
        )
    assert clear == 0


OLD = (
    "INSERT INTO conversations (id, site_id, user_id, title) VALUES (:c, :s, :u, 'Zoë asks')",
    "INSERT INTO messages (id, site_id, conversation_id, role, text) VALUES (:q, :s, :c, 'visitor', 'Where is Zoë?')",
    "INSERT INTO messages (id, site_id, conversation_id, reply_to, role, text, status, created_at) "
    "VALUES (gen_random_uuid(), :s, :c, :q, 'assistant', '', 'failed', now() + interval '1 s')",
    "INSERT INTO attachments (id, site_id, conversation_id, message_id, name, media_type, text) "
    "VALUES (:f, :s, :c, :q, 'zoë.txt', 'text/plain', 'By Zoë')",
)


async def told(sessions: Sessions, site_id: int, conversation: UUID) -> list[str]:
    """The title, the messages, and the file of a conversation."""
    async with sessions() as session:
        whole = await load_conversation(session, site_id, conversation)
    assert whole is not None
    (file,) = whole.attachments
    return [whole.conversation.title, *(message.text for message in whole.messages), file.name, file.text]
