import json
import sys

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.db.sites import ensure_site
from tests.app.cli.conftest import Parley


@pytest.fixture
async def shop(engine: AsyncEngine) -> None:
    async with async_sessionmaker(engine).begin() as session:
        await ensure_site(session, "shop")


@pytest.mark.usefixtures("shop")
def test_figures_leave_until_the_budget_is_spent_and_the_log_tells(
    parley: Parley, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ("figures", "export", "--site", "shop", "--by", "door")
    monkeypatch.setenv("PARLEY_FIGURES__EPSILON", "1")
    first = json.loads(parley(*export, "--since", "2026-03-01", "--until", "2026-03-08").out)
    second = json.loads(parley(*export).out)
    third = parley(*export)

    assert first["counts"].keys() == {"page", "widget", "api"}
    assert (first["since"], first["until"], first["left"], second["left"]) == ("2026-03-01", "2026-03-08", 0.5, 0)
    assert (third.code, third.out) == (1, "")
    assert "of which 0 is left" in third.err
    records = parley("audit", "list").lines
    assert [(each["action"], each["subject"]) for each in records] == [("export figures", "site shop")] * 2


@pytest.mark.usefixtures("shop")
def test_what_cannot_be_exported_is_said(parley: Parley, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no site bar" in parley("figures", "export", "--site", "bar", "--by", "day").err
    assert parley("figures", "export", "--site", "shop", "--by", "name").code == 2
    monkeypatch.setitem(sys.modules, "opendp.prelude", None)
    missing = parley("figures", "export", "--site", "shop", "--by", "day")
    assert (missing.code, missing.out) == (2, "")
    assert "need the package opendp" in missing.err
