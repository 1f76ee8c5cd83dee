"""Chainlit's data layer over our tables, on the real database."""

from types import SimpleNamespace
from typing import cast
from uuid import UUID, uuid4

import pytest
from chainlit.types import Feedback, Pagination, ThreadFilter
from chainlit.user import User
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.chat.data_layer import NotStoredHere, ParleyDataLayer
from app.chat.runtime import Chat
from app.chat.steps_shown import run_id
from app.db.conversations import find_attachment, find_citation, find_visitor_message, rename_conversation
from app.db.engine import make_engine
from app.db.messages import NewMessage, begin_turn, cite, finish_answer
from app.db.pseudonyms import store_pseudonyms
from app.db.scores import rate, unrate
from app.db.sites import ensure_site
from app.db.tables import Attachment, Conversation, Message
from app.members.visitors import Passwords
from app.settings import load_settings
from app.turns import run_turn
from app.wiring import Services
from graph.events import Source

Sessions = async_sessionmaker[AsyncSession]
SOURCE = Source(1, None, "refunds.md", "Refunds", "Time", None, "Within 14 days.")


def layer_on(sessions: Sessions) -> ParleyDataLayer:
    services = cast(Services, SimpleNamespace(settings=load_settings({}), sessions=sessions))
    return ParleyDataLayer(Chat(services, run_turn, Passwords(sessions)))


@pytest.fixture
def layer(sessions: Sessions) -> ParleyDataLayer:
    return layer_on(sessions)


async def guest(layer: ParleyDataLayer) -> tuple[UUID, str]:
    user = await layer.create_user(User(identifier=f"guest-{uuid4()}"))
    assert user is not None
    return UUID(user.id), user.identifier


async def conversation(
    layer: ParleyDataLayer, sessions: Sessions, user_id: UUID, text: str = "Mail [EMAIL_1]", status: str = "done"
) -> tuple[UUID, UUID, UUID]:
    thread, question = uuid4(), uuid4()
    async with sessions.begin() as session:
        site_id = (await ensure_site(session, "default")).id
        files = [("order.txt", "text/plain", "Order of [EMAIL_1]")]
        answer = await begin_turn(session, NewMessage(question, site_id, user_id, thread, text, files), owner=1)
        await store_pseudonyms(session, thread, site_id, {"[EMAIL_1]": "kim@example.org"})
        if status != "open":
            text = "Soon, [EMAIL_1] [1]."
            await finish_answer(session, thread, answer, owner=1, status=status, text=text, notice="Local.")  # type: ignore[arg-type]
            await cite(session, thread, answer, site_id, [SOURCE])
    return thread, question, answer


async def test_guests_are_made_once_and_strangers_never(layer: ParleyDataLayer) -> None:
    id_, identifier = await guest(layer)
    again = await layer.create_user(User(identifier=identifier))
    assert again is not None
    assert UUID(again.id) == id_
    found = await layer.get_user(identifier)
    assert found is not None
    assert found.identifier == identifier
    assert await layer.create_user(User(identifier="kim@example.org")) is None
    assert await layer.create_user(User(identifier="guest-1")) is None


async def test_a_thread_shows_what_its_owner_saw(layer: ParleyDataLayer, sessions: Sessions) -> None:
    user_id, identifier = await guest(layer)
    thread_id, question, answer = await conversation(layer, sessions, user_id)
    async with sessions.begin() as session:
        assert await rate(session, user_id, answer, 1, "Thanks from [EMAIL_1]")
    thread = await layer.get_thread(str(thread_id))
    assert thread is not None
    assert await layer.get_thread_author(str(thread_id)) == thread["userIdentifier"] == identifier
    assert thread["name"] == "Mail kim@example.org"
    asked, run, answered = thread["steps"]
    assert (asked["id"], asked["output"]) == (str(question), "Mail kim@example.org")
    assert (run["id"], run["parentId"]) == (run_id(answer), str(question))
    assert run["feedback"] is not None
    assert (run["feedback"]["value"], run["feedback"]["comment"]) == (1, "Thanks from kim@example.org")
    assert (answered["id"], answered["parentId"]) == (str(answer), run_id(answer))
    assert answered["output"].startswith(rf"Soon, kim@example.org [\[1\]](/sources/{answer}/1)")
    assert answered["output"].endswith("***Local.***")
    (file,) = thread["elements"] or []
    assert (file["name"], file["forId"]) == ("order.txt", str(question))
    assert await layer.get_element(str(thread_id), file["id"]) == file
    assert await layer.get_element(str(thread_id), str(uuid4())) is None


@pytest.mark.parametrize(("status", "ending"), [("stopped", "You stopped"), ("cut", "cut off"), ("failed", "failed")])
async def test_an_answer_that_is_not_whole_says_so(
    layer: ParleyDataLayer, sessions: Sessions, status: str, ending: str
) -> None:
    user_id, _ = await guest(layer)
    thread_id, _, _ = await conversation(layer, sessions, user_id, status=status)
    thread = await layer.get_thread(str(thread_id))
    assert thread is not None
    assert ending in thread["steps"][-1]["output"]


async def test_an_open_answer_of_a_dead_process_is_cut(layer: ParleyDataLayer, sessions: Sessions) -> None:
    user_id, _ = await guest(layer)
    thread_id, _, _ = await conversation(layer, sessions, user_id, status="open")
    thread = await layer.get_thread(str(thread_id))
    assert thread is not None
    assert "cut off" in thread["steps"][-1]["output"]


async def test_lists_hold_own_threads_only_page_by_page(layer: ParleyDataLayer, sessions: Sessions) -> None:
    user_id, _ = await guest(layer)
    other_id, _ = await guest(layer)
    threads = [str((await conversation(layer, sessions, user_id, f"Question {n}"))[0]) for n in range(3)]
    await conversation(layer, sessions, other_id)
    mine = ThreadFilter(userId=str(user_id))
    first = await layer.list_threads(Pagination(first=2), mine)
    rest = await layer.list_threads(Pagination(first=2, cursor=first.pageInfo.endCursor), mine)
    assert [thread["id"] for thread in [*first.data, *rest.data]] == threads[::-1]
    assert (first.pageInfo.hasNextPage, rest.pageInfo.hasNextPage) == (True, False)
    found = await layer.list_threads(Pagination(first=9), ThreadFilter(userId=str(user_id), search="question 1"))
    assert [thread["id"] for thread in found.data] == [threads[1]]
    nobody = await layer.list_threads(Pagination(first=9), ThreadFilter(search="%"))
    assert nobody.data == []


async def test_a_deleted_thread_takes_everything_along(layer: ParleyDataLayer, sessions: Sessions) -> None:
    user_id, _ = await guest(layer)
    thread_id, _, _ = await conversation(layer, sessions, user_id)
    await layer.delete_thread(str(thread_id))
    assert await layer.get_thread(str(thread_id)) is None
    async with sessions() as session:
        for table in (Conversation, Message, Attachment):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("thread_id", ["", "not-an-id", "2729f642-b389-49c8-ada6-3304acced2d7"])
async def test_an_unknown_thread_is_nobodys(layer: ParleyDataLayer, thread_id: str) -> None:
    assert await layer.get_thread(thread_id) is None
    assert await layer.get_thread_author(thread_id) == ""
    await layer.delete_thread(thread_id)


async def test_raw_text_from_chainlit_is_never_stored(layer: ParleyDataLayer, sessions: Sessions) -> None:
    user_id, _ = await guest(layer)
    thread_id, _, _ = await conversation(layer, sessions, user_id)
    before = await layer.get_thread(str(thread_id))
    await layer.update_thread(str(thread_id), name="kim@example.org writes", user_id=str(uuid4()), metadata={"a": "b"})
    assert await layer.get_thread(str(thread_id)) == before


async def test_feedback_without_an_author_is_refused(layer: ParleyDataLayer) -> None:
    with pytest.raises(NotStoredHere):
        await layer.upsert_feedback(Feedback(forId=run_id(uuid4()), value=1))
    with pytest.raises(NotStoredHere):
        await layer.delete_feedback(str(uuid4()))


async def test_nobody_touches_what_belongs_to_another(layer: ParleyDataLayer, sessions: Sessions) -> None:
    owner, _ = await guest(layer)
    thief, _ = await guest(layer)
    thread_id, question, answer = await conversation(layer, sessions, owner)
    thread = await layer.get_thread(str(thread_id))
    assert thread is not None
    file = UUID((thread["elements"] or [])[0]["id"])
    for user_id, allowed in ((thief, False), (owner, True)):
        async with sessions.begin() as session:
            assert (await rate(session, user_id, answer, 1, None) is not None) == allowed
            assert (await find_citation(session, user_id, answer, 1) is not None) == allowed
            assert (await find_attachment(session, user_id, file) is not None) == allowed
            assert (await find_visitor_message(session, user_id, question) is not None) == allowed
            assert await rename_conversation(session, user_id, thread_id, "Mine") == allowed
    async with sessions.begin() as session:
        score = await rate(session, owner, answer, 0, None)
        assert score is not None
        assert not await unrate(session, thief, score)
        assert await unrate(session, owner, score)


async def test_a_database_that_is_gone_is_an_error(layer: ParleyDataLayer, engine: AsyncEngine) -> None:
    gone = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    broken = layer_on(async_sessionmaker(gone))
    with pytest.raises(DBAPIError):
        await broken.get_thread(str(uuid4()))
    await gone.dispose()
