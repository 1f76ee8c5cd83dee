import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.audit import AuditBroken, record, verify

Sessions = async_sessionmaker[AsyncSession]
SECRET = b"a secret of the tests, long enough"
WITHOUT_TRIGGER = "ALTER TABLE audit_records DISABLE TRIGGER audit_records_stay"


async def write(sessions: Sessions, count: int = 5) -> None:
    for number in range(count):
        async with sessions.begin() as session:
            await record(
                session, SECRET, actor="kim", action="erase", subject=f"visitor {number}", details={"ä": number}
            )


async def head(sessions: Sessions, expected: str | None = None, secret: bytes = SECRET) -> str:
    async with sessions() as session:
        return str(await verify(session, secret, expected=[expected] if expected else ()))


async def test_a_whole_log_is_verified_from_its_first_record_to_its_last(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await head(sessions) == "0:"
    await write(sessions)
    monkeypatch.setattr("app.db.audit._BATCH", 2)
    kept = await head(sessions)
    await write(sessions, 1)

    assert kept.startswith("5:")
    assert (await head(sessions, expected=kept)).startswith("6:")


async def test_an_act_that_is_taken_back_leaves_no_gap(sessions: Sessions) -> None:
    async with sessions() as session:
        await record(session, SECRET, actor="kim", action="erase", subject="nobody")
        await session.rollback()
    await write(sessions, 1)

    assert (await head(sessions)).startswith("1:")


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_records SET actor = 'x'", "DELETE FROM audit_records", "TRUNCATE audit_records"]
)
async def test_the_database_itself_refuses_changes(sessions: Sessions, statement: str) -> None:
    await write(sessions, 1)
    with pytest.raises(DBAPIError, match="never changed or removed"):
        async with sessions.begin() as session:
            await session.execute(text(statement))


@pytest.mark.parametrize(
    "tampering",
    [
        pytest.param("UPDATE audit_records SET actor = 'somebody' WHERE number = 3", id="actor changed"),
        pytest.param("UPDATE audit_records SET details = '{}' WHERE number = 3", id="details changed"),
        pytest.param("UPDATE audit_records SET at = at + interval '1 second' WHERE number = 5", id="time changed"),
        pytest.param("DELETE FROM audit_records WHERE number = 3", id="gap"),
        pytest.param("DELETE FROM audit_records WHERE number = 1", id="head cut"),
        pytest.param(
            "UPDATE audit_records SET number = CASE number WHEN 2 THEN -3 ELSE -2 END WHERE number IN (2, 3); "
            "UPDATE audit_records SET number = -number WHERE number < 0",
            id="order changed",
        ),
        pytest.param(
            "DELETE FROM audit_records WHERE number = 3; UPDATE audit_records SET number = number - 1 WHERE number > 3",
            id="gap closed",
        ),
        pytest.param(
            "INSERT INTO audit_records SELECT 6, now(), actor, action, subject, details, hash FROM audit_records "
            "WHERE number = 5",
            id="record added",
        ),
    ],
)
async def test_whatever_is_changed_is_found(sessions: Sessions, tampering: str) -> None:
    await write(sessions)
    async with sessions.begin() as session:
        for statement in (WITHOUT_TRIGGER, *tampering.split("; ")):
            await session.execute(text(statement))

    with pytest.raises(AuditBroken, match=r"Record \d of the audit log"):
        await head(sessions)


async def test_a_tail_that_was_cut_off_is_missed_by_who_kept_the_last_record(sessions: Sessions) -> None:
    await write(sessions)
    kept = await head(sessions)
    async with sessions.begin() as session:
        await session.execute(text(WITHOUT_TRIGGER))
        await session.execute(text("DELETE FROM audit_records WHERE number > 3"))

    assert (await head(sessions)).startswith("3:")
    with pytest.raises(AuditBroken, match="ends at record 3 and does not hold 5"):
        await head(sessions, expected=kept)


async def test_nobody_makes_a_chain_without_the_secret(sessions: Sessions) -> None:
    await write(sessions)
    with pytest.raises(AuditBroken, match="another secret"):
        await head(sessions, secret=b"x" * 32)
