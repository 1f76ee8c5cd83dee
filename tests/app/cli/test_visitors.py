import asyncio
import json
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.db.handovers import wish_for_person
from app.db.pseudonyms import store_pseudonyms
from app.db.sites import ensure_site
from app.db.tables import Conversation
from app.db.users import ensure_guest, ensure_user
from app.vault.open import open_vault, secret_master
from tests.app.cli.conftest import Parley


@pytest.fixture
async def ann(engine: AsyncEngine) -> None:
    async with async_sessionmaker(engine).begin() as session:
        await ensure_user(session, (await ensure_site(session, "shop")).id, "ann", "Ann")


@pytest.mark.usefixtures("ann")
def test_a_visitor_is_exported_and_erased_and_the_log_tells_of_both(parley: Parley) -> None:
    given = parley("export", "--visitor", "ann", "--site", "shop")
    asked = parley("erase", "--visitor", "ann", "--site", "shop")
    erased = parley("erase", "--visitor", "ann", "--site", "shop", "--yes")
    again = parley("erase", "--visitor", "ann", "--site", "shop", "--yes")
    rotated = parley("keys", "rotate")
    records = parley("audit", "list").lines
    head = parley("audit", "verify")

    assert json.loads(given.out)["display_name"] == "Ann"
    assert (asked.code, asked.out) == (2, "")
    assert json.loads(erased.out)["counts"]["conversations"] == 0
    assert (again.code, again.err) == (1, "There is no such visitor at this site.\n")
    assert rotated.code == 0
    assert [record["action"] for record in records] == ["export", "erase", "rotate keys"]
    assert head.out.startswith("3:")
    assert parley("audit", "verify", "--expect", head.out.strip()).code == 0
    assert parley("audit", "verify", "--expect", "4:00").code == 1
    assert "Master key: derived from the secret" in parley("keys", "status").out


@pytest.mark.usefixtures("ann")
def test_a_log_whose_end_was_cut_off_since_the_last_check_is_found(parley: Parley, database_url: str) -> None:
    parley("export", "--visitor", "ann", "--site", "shop")
    assert parley("audit", "verify").code == 0
    with psycopg.connect(database_url.replace("+psycopg", "")) as database:
        database.execute("ALTER TABLE audit_records DISABLE TRIGGER audit_records_stay")
        database.execute("DELETE FROM audit_records")

    found = parley("audit", "verify")

    assert found.code == 1
    assert "ends at record 0 and does not hold 1" in found.err
    assert "audit-head" in found.err


async def test_who_asked_for_a_person_is_listed_and_revealed_for_a_reason(parley: Parley, engine: AsyncEngine) -> None:
    sessions = await open_vault(engine, secret_master(b"x" * 40))
    async with sessions.begin() as session:
        site = await ensure_site(session, "shop")
        visitor = await ensure_guest(session, site.id, uuid4())
        conversation = uuid4()
        session.add(Conversation(id=conversation, site_id=site.id, user_id=visitor.id, door="page"))
        await session.flush()
        await store_pseudonyms(session, conversation, site.id, {"[EMAIL_1]": "kim@example.org"})
        await wish_for_person(session, site.id, conversation, note="Please call.", contact="[EMAIL_1]")

    (listed,) = (await asyncio.to_thread(parley, "wishes", "--site", "shop")).lines
    (revealed,) = (await asyncio.to_thread(parley, "wishes", "--site", "shop", "--reveal", "call back")).lines
    records = (await asyncio.to_thread(parley, "audit", "list")).lines

    assert (listed["visitor"], listed["note"], listed["contact"]) == (str(visitor.id), "Please call.", "[EMAIL_1]")
    assert revealed["contact"] == "kim@example.org"
    assert (records[-1]["action"], records[-1]["details"]) == ("reveal wishes", {"wishes": 1, "reason": "call back"})
