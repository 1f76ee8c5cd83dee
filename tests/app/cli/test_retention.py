from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.db.sites import ensure_site
from app.db.tables import Conversation
from app.db.users import ensure_user
from tests.app.cli.conftest import Parley


@pytest.fixture
async def _old_conversation(engine: AsyncEngine) -> None:
    async with async_sessionmaker(engine).begin() as session:
        site = await ensure_site(session, "shop")
        user = await ensure_user(session, site.id, "ann", "Ann")
        session.add(
            Conversation(id=uuid4(), site_id=site.id, user_id=user.id, updated_at=datetime.now(UTC) - timedelta(9))
        )


@pytest.mark.usefixtures("_old_conversation")
def test_a_dry_run_tells_what_a_run_removes(parley: Parley) -> None:
    assert parley("site", "edit", "shop", "--set", "retention.conversations=8").code == 0

    first, second = parley("retention", "--dry-run"), parley("retention", "--dry-run")
    gone, nothing = parley("retention", "run"), parley("retention", "--dry-run")

    assert first.out.split() == ["shop", "conversations", "1", "would", "go"]
    assert second.out == first.out
    assert gone.out.split() == ["shop", "conversations", "1", "removed"]
    assert nothing.out == "Nothing is older than its site keeps it.\n"
    assert [record["action"] for record in parley("audit", "list").lines] == ["edit site", "retention"]


def test_it_must_be_said_what_is_wanted(parley: Parley) -> None:
    said = parley("retention")
    both = parley("retention", "--dry-run", "run")

    assert (said.code, "--dry-run" in said.err) == (2, True)
    assert both.code == 2
