"""Sites as two processes read them over one database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.engine import raw_url
from app.db.listen import Listener
from app.db.sites import add_site, configure_site, delete_site, site_by_name
from app.settings import load_settings
from app.sites import book as module
from app.sites.book import SiteBook
from app.sites.models import routes_for
from graph.context import ModelRoute
from tests.app.sites.training import use
from tests.graph.scripted import FixedIntent, WordEncoder
from tests.waiting import sooner_or_later

Sessions = async_sessionmaker[AsyncSession]
CUT_ALL = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


@asynccontextmanager
async def hearing(engine: AsyncEngine, sessions: Sessions) -> AsyncIterator[SiteBook]:
    """The sites as a server reads them."""
    listener = Listener(raw_url(engine))
    book = SiteBook(sessions, load_settings({}), listener)
    task = asyncio.create_task(listener.run())
    await sooner_or_later(lambda: listener.fresh, most_s=10)
    yield book
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def two(engine: AsyncEngine, sessions: Sessions) -> AsyncIterator[tuple[SiteBook, SiteBook]]:
    async with hearing(engine, sessions) as one, hearing(engine, sessions) as other:
        yield one, other


async def configure(sessions: Sessions, config: dict[str, Any], version: int = 0) -> None:
    async with sessions.begin() as session:
        await configure_site(session, "shop", config, version=version)


@pytest.fixture(autouse=True)
async def _shop(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await add_site(session, "shop", {})


async def named(book: SiteBook, name: str) -> bool:
    view = await book.named("shop")
    return view is not None and view.assistant == name


async def test_a_change_reaches_every_process_within_two_seconds(
    two: tuple[SiteBook, SiteBook], sessions: Sessions
) -> None:
    assert all([await named(book, "Parley") for book in two])

    await configure(sessions, {"look": {"name": "Ada"}})

    for book in two:
        await sooner_or_later(lambda book=book: named(book, "Ada"), most_s=2)  # type: ignore[misc]  # bound at once
    view = await two[0].numbered((await two[0].named("shop")).id)  # type: ignore[union-attr]  # it is there
    assert view is not None
    assert (view.version, view.subject) == (1, "Parley")


async def test_what_has_not_changed_is_not_read_again(
    two: tuple[SiteBook, SiteBook], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await two[0].named("shop")

    async def unread(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(module, "site_by_name", unread)

    assert await two[0].named("shop") is before


async def test_a_site_that_is_removed_is_gone_everywhere(two: tuple[SiteBook, SiteBook], sessions: Sessions) -> None:
    assert await two[1].named("shop")
    async with sessions.begin() as session:
        await delete_site(session, "shop")

    async def gone() -> bool:
        return await two[1].named("shop") is None

    await sooner_or_later(gone)


async def test_who_cannot_hear_reads_every_time(engine: AsyncEngine, sessions: Sessions) -> None:
    deaf = SiteBook(sessions, load_settings({}), Listener(raw_url(engine)))
    assert await named(deaf, "Parley")

    await configure(sessions, {"look": {"name": "Ada"}})

    assert await named(deaf, "Ada")


async def test_a_change_is_not_missed_while_the_connection_is_replaced(
    two: tuple[SiteBook, SiteBook], sessions: Sessions
) -> None:
    assert await named(two[0], "Parley")
    async with sessions.begin() as session:
        await session.execute(CUT_ALL)
    await configure(sessions, {"look": {"name": "Ada"}})

    await sooner_or_later(lambda: named(two[0], "Ada"), most_s=2)


async def test_what_is_read_while_it_changes_is_not_kept(
    two: tuple[SiteBook, SiteBook], sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = site_by_name

    async def slow(session: AsyncSession, name: str) -> Any:
        found = await read(session, name)
        await configure(sessions, {"look": {"name": "Ada"}})
        await asyncio.sleep(0.5)  # meanwhile the change is told
        return found

    monkeypatch.setattr(module, "site_by_name", slow)
    await two[0].named("shop")
    monkeypatch.setattr(module, "site_by_name", read)

    assert await named(two[0], "Ada")


async def test_intents_are_those_of_their_site_and_learned_once_for_each_version(
    two: tuple[SiteBook, SiteBook], sessions: Sessions, tmp_path: Path
) -> None:
    book, encoder, starter = two[0], WordEncoder(), FixedIntent()
    plain = await book.named("shop")
    assert plain is not None
    assert await book.intents(plain, encoder, starter) is starter
    await use(sessions, tmp_path)

    async def learned() -> bool:
        view = await book.named("shop")
        return view is not None and view.intents_version == 1

    await sooner_or_later(learned)
    view = await book.named("shop")
    assert view is not None
    own = await book.intents(view, encoder, starter)

    assert own is not starter
    assert await book.intents(view, encoder, starter) is own
    assert own.classify("lovely shop", encoder.encode(["lovely shop"])[0]).reply == "Thank you!"


MODEL: Any = None
ROUTES = tuple(ModelRoute(name, "hosted", MODEL, first_token_s=1, between_tokens_s=1, trusted=True) for name in "abc")


@pytest.mark.parametrize(
    ("named", "answering"),
    [
        pytest.param([], "abc", id="none"),
        pytest.param(["c", "a"], "ca", id="in its own order"),
        pytest.param(["quote"], "", id="the documents"),
        pytest.param(["taken out of the settings", "b"], "b", id="one is gone"),
        pytest.param(["taken out of the settings"], "", id="all are gone: no model that was not named"),
    ],
)
def test_a_site_names_the_models_that_answer(named: list[str], answering: str) -> None:
    assert "".join(route.name for route in routes_for(named, ROUTES)) == answering
