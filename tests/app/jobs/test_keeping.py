"""The worker looks after the audit log."""

import logging
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.audit import record
from app.jobs.keeping import watch
from app.secret import secret_of
from app.settings import Settings


async def test_the_end_of_the_audit_log_is_told_and_missed(
    engine: AsyncEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.model_validate({"home": tmp_path, "secret": "x" * 40})
    caplog.set_level(logging.INFO)
    await watch(engine, settings)
    assert not caplog.records

    for subject in ("one", "two"):
        async with async_sessionmaker(engine).begin() as session:
            await record(session, secret_of(settings), actor="kim", action="erase", subject=subject)
    await watch(engine, settings)
    assert caplog.records[-1].message == "the audit log is whole"
    assert caplog.records[-1].__dict__["record"].startswith("2:")

    async with AsyncSession(engine) as session, session.begin():
        await session.execute(text("ALTER TABLE audit_records DISABLE TRIGGER audit_records_stay"))
        await session.execute(text("DELETE FROM audit_records WHERE number = 2"))
    await watch(engine, settings)
    assert caplog.records[-1].levelname == "ERROR"
    assert "ends at record 1 and does not hold 2" in caplog.text
