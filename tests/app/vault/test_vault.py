import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic import command
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.conversations import give_conversations
from app.db.messages import own_conversation
from app.db.migrate import alembic_config, migrate
from app.db.pseudonyms import load_pseudonyms, store_pseudonyms
from app.db.sites import delete_site, ensure_site
from app.db.tables import Pseudonym, SiteKey, User, VisitorKey
from app.db.users import ensure_guest
from app.turn_request import TurnRequest
from app.vault.master import FileMaster, LocalMaster, Master, MasterUnreachable, make_file
from app.vault.open import open_vault, secret_master
from app.vault.rotation import key_status, rotate
from app.vault.sealing import Unreadable
from app.vault.transit import TransitMaster
from app.wiring import Services
from graph.errors import ConfigError
from graph.events import Done
from tests.app.turning import ask
from tests.app.vault.transit import TOKEN, transit_engine
from tests.conftest import SECRET

Sessions = async_sessionmaker[AsyncSession]
VALUE = "kim@example.org"


async def visitor(sessions: Sessions, value: str = VALUE) -> tuple[UUID, UUID]:
    """A new guest's id, and that of a conversation in which they wrote a value."""
    conversation_id = uuid4()
    async with sessions.begin() as session:
        site = await ensure_site(session, "shop")
        user = await ensure_guest(session, site.id, uuid4())
        await own_conversation(session, site.id, user.id, conversation_id, "page", "Hello")
        await store_pseudonyms(session, conversation_id, site.id, {"[EMAIL_1]": value})
    return user.id, conversation_id


async def read(sessions: Sessions, conversation_id: UUID) -> dict[str, str]:
    async with sessions() as session:
        return await load_pseudonyms(session, conversation_id)


async def test_a_value_is_read_back_by_another_process_and_is_nowhere_in_clear(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    _, conversation_id = await visitor(sessions)
    other = await open_vault(engine, secret_master(SECRET))

    assert await read(other, conversation_id) == {"[EMAIL_1]": VALUE}
    async with sessions() as session:
        row = await session.scalar(select(Pseudonym))
    assert row
    assert VALUE.encode() not in row.sealed_value


async def test_values_that_change_places_are_refused(sessions: Sessions) -> None:
    _, one = await visitor(sessions)
    async with sessions.begin() as session:
        site = await ensure_site(session, "shop")
        await store_pseudonyms(session, one, site.id, {"[EMAIL_2]": "lee@example.org"})
        other = select(Pseudonym.sealed_value).where(Pseudonym.token == "[EMAIL_2]").scalar_subquery()
        await session.execute(update(Pseudonym).where(Pseudonym.token == "[EMAIL_1]").values(sealed_value=other))

    with pytest.raises(Unreadable):
        await read(sessions, one)


async def test_each_visitor_has_a_key_and_what_it_encrypted_goes_with_it(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    one, of_one = await visitor(sessions)
    _, of_other = await visitor(sessions)
    async with sessions.begin() as session:
        assert len((await session.scalars(select(VisitorKey.id))).all()) == 2
        await session.execute(delete(VisitorKey).where(VisitorKey.user_id == one))

    after = await open_vault(engine, secret_master(SECRET))
    with pytest.raises(Unreadable):
        await read(after, of_one)
    assert await read(after, of_other) == {"[EMAIL_1]": VALUE}


async def test_a_guest_who_becomes_somebody_brings_their_keys_along(sessions: Sessions) -> None:
    guest, conversation_id = await visitor(sessions)
    somebody, _ = await visitor(sessions)
    async with sessions.begin() as session:
        await give_conversations(session, guest, somebody)
        await session.execute(delete(User).where(User.id == guest))

    assert await read(sessions, conversation_id) == {"[EMAIL_1]": VALUE}


async def test_a_site_goes_with_its_keys(sessions: Sessions) -> None:
    await visitor(sessions)
    async with sessions.begin() as session:
        await delete_site(session, "shop")
        assert not (await session.scalars(select(SiteKey.id))).all()


async def test_another_master_key_is_refused_at_the_start(engine: AsyncEngine, sessions: Sessions) -> None:
    await open_vault(engine, LocalMaster("kept", b"x" * 32))  # nothing is encrypted yet
    await visitor(sessions)

    with pytest.raises(ConfigError, match="is not the one that this database is encrypted with"):
        await open_vault(engine, LocalMaster("kept", b"x" * 32))


async def test_a_transit_engine_wraps_and_must_be_there_at_the_start(engine: AsyncEngine) -> None:
    with transit_engine() as address:
        master = TransitMaster(address, TOKEN, "parley")
        sessions = await open_vault(engine, master)
        _, conversation_id = await visitor(sessions)
        another = await open_vault(engine, TransitMaster(address, TOKEN, "parley"))
        assert await read(another, conversation_id) == {"[EMAIL_1]": VALUE}
        with pytest.raises(ConfigError, match="status 403"):
            await open_vault(engine, TransitMaster(address, "s.wrong", "parley"))
        with pytest.raises(ConfigError, match="is not the one"):
            await open_vault(engine, LocalMaster("kept", b"x" * 32))

    with pytest.raises(ConfigError, match="cannot be reached"):
        await open_vault(engine, TransitMaster(address, TOKEN, "parley"))
    assert await read(sessions, conversation_id) == {"[EMAIL_1]": VALUE}  # a process that runs has its keys
    _, later = await visitor(sessions)
    assert await read(sessions, later) == {"[EMAIL_1]": VALUE}


async def test_a_new_site_waits_for_its_master_key(engine: AsyncEngine) -> None:
    with transit_engine() as address:
        sessions = await open_vault(engine, TransitMaster(address, TOKEN, "parley"))
    with pytest.raises(MasterUnreachable):
        await visitor(sessions)
    async with sessions() as session:
        assert not (await session.scalars(select(Pseudonym.token))).all()


@pytest.mark.parametrize("new_master", [False, True], ids=["keys of sites", "the master key"])
async def test_turns_go_on_while_keys_are_rotated(
    services: Services, engine: AsyncEngine, request_: TurnRequest, tmp_path: Path, *, new_master: bool
) -> None:
    make_file(tmp_path / "master.key")
    running = replace(services, sessions=await open_vault(engine, FileMaster(tmp_path / "master.key")))
    rotating = FileMaster(tmp_path / "master.key")
    elsewhere = await open_vault(engine, rotating)
    asked: list[TurnRequest] = []

    async def turns(number: int) -> None:
        for turn in range(4):
            async with running.sessions.begin() as session:
                user = await ensure_guest(session, request_.site_id, uuid4())
            address = f"kim{number}{turn}@example.org"
            request = replace(
                request_,
                user_id=user.id,
                conversation_id=uuid4(),
                message_id=uuid4(),
                text=f"I am {address} , refunds?",
            )
            events = await ask(running, request)
            assert isinstance(events[-1], Done), events[-1]
            asked.append(request)

    async def rotations() -> None:
        for _ in range(3):
            await asyncio.sleep(0.05)
            if new_master:
                rotating.begin_with_new_key()
            await rotate(elsewhere)
            if new_master:
                rotating.forget_old_keys()

    await asyncio.gather(rotations(), *(turns(number) for number in range(3)))
    await rotate(elsewhere)

    fresh = await open_vault(engine, FileMaster(tmp_path / "master.key"))
    for request in asked:
        (value,) = (await read(fresh, request.conversation_id)).values()
        assert value in request.text
    async with fresh() as session:
        assert len((await session.scalars(select(SiteKey.id))).all()) == 1
        (site,) = [site for site in await key_status(session) if site.visitors]
    assert (site.visitors, site.masters) == (12, (rotating.name,))


async def test_values_of_an_older_version_are_encrypted_at_the_first_start(
    engine: AsyncEngine, sessions: Sessions, database_url: str
) -> None:
    found = [await visitor(sessions) for _ in range(3)]
    async with engine.begin() as connection:
        await connection.run_sync(lambda c: command.downgrade(alembic_config(c), "0010"))
        for number, (_, conversation_id) in enumerate(found):
            await connection.execute(
                text("INSERT INTO pseudonyms VALUES (:c, '[PERSON_1]', (SELECT min(id) FROM sites), 'PERSON', :v)"),
                {"c": conversation_id, "v": f"Zoë {number}"},
            )
    await migrate(engine)
    with pytest.raises(Unreadable):
        await read(sessions, found[0][1])

    master: Master = secret_master(SECRET)
    one, other = await asyncio.gather(open_vault(engine, master), open_vault(engine, master))

    for number, (_, conversation_id) in enumerate(found):
        assert await read(one, conversation_id) == await read(other, conversation_id) == {"[PERSON_1]": f"Zoë {number}"}
    with psycopg.connect(database_url) as connection:
        clear = connection.execute(
            "SELECT count(*) FROM pseudonyms WHERE position('Zo'::bytea in value) > 0"
        ).fetchone()
    assert clear == (0,)
