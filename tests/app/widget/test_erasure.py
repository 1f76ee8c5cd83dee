"""A visitor deletes what is stored of them, once, and is nobody afterwards."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from app.db.messages import Erased, NewMessage, begin_turn
from app.db.tables import AuditRecord, Conversation, Message, User
from app.own_erasure import MOST, erase_own
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.errors import TooManyRequests
from graph.events import Failed
from tests.app.turning import QUESTION, ask, count
from tests.app.widget.serving import served, visitor

SURE = {"sure": True}


async def test_everything_of_one_visitor_goes_and_nothing_of_another(services: Services) -> None:
    async with served(services) as url, visitor(url) as mine, visitor(url) as other:
        for each in (mine, other):
            await each.ask(QUESTION)

        gone = await mine.http.post("/widget/erasure", json=SURE)

        assert gone.status_code == 200
        assert (gone.json()["conversations"], gone.json()["messages"], gone.json()["attachments"]) == (1, 2, 0)
        assert len(await other.said()) == 2
        assert await count(services.sessions, Conversation) == 1
        async with services.sessions() as session:
            record = (await session.scalars(select(AuditRecord))).one()
        assert (record.actor, record.action) == ("visitor", "erase")
        assert record.details["certificate"] == gone.json()["certificate"]

        # The token is good for a while longer, but it is nobody's.
        conversation = f"/widget/conversations/{uuid4()}"
        asked = {"id": str(uuid4()), "text": QUESTION}
        for answer in (
            await mine.http.get("/widget/conversations"),
            await mine.http.post(f"{conversation}/messages", data=asked),
            await mine.http.post(f"{conversation}/handover", json={}),
            await mine.http.post("/widget/erasure", json=SURE),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_refused")


@pytest.mark.parametrize("body", [None, {}, {"sure": False}, {"sure": "yes"}], ids=["none", "empty", "no", "text"])
async def test_it_takes_somebody_who_is_sure(services: Services, body: Any) -> None:
    async with served(services) as url, visitor(url) as mine:
        await mine.ask(QUESTION)

        refused = await mine.http.post("/widget/erasure", json=body)

        assert refused.status_code == 422
        assert len(await mine.said()) == 2


async def test_another_page_cannot_do_it(services: Services) -> None:
    async with served(services) as url, visitor(url) as mine:
        refused = await mine.http.post("/widget/erasure", json=SURE, headers={"Origin": "https://evil.example"})
        async with httpx.AsyncClient(base_url=url) as nobody:
            unknown = await nobody.post("/widget/erasure", json=SURE)

        assert (refused.status_code, unknown.status_code) == (401, 401)
        assert (await mine.http.get("/widget/conversations")).status_code == 200


async def test_it_has_a_limit_for_each_place(services: Services, request_: TurnRequest) -> None:
    for _ in range(MOST):
        with pytest.raises(Erased):
            await erase_own(services, request_.site_id, uuid4(), address="192.0.2.1")

    with pytest.raises(TooManyRequests):
        await erase_own(services, request_.site_id, request_.user_id, address="192.0.2.1")
    assert (await erase_own(services, request_.site_id, request_.user_id, address="192.0.2.2")).conversations == 0


async def test_nobody_is_erased_at_another_site(services: Services, request_: TurnRequest) -> None:
    with pytest.raises(Erased):
        await erase_own(services, request_.site_id + 1, request_.user_id, address="")
    assert await count(services.sessions, User) == 1


async def test_a_page_that_was_open_meanwhile_is_told_so(services: Services, request_: TurnRequest) -> None:
    await erase_own(services, request_.site_id, request_.user_id, address="")

    events = await ask(services, request_)

    assert isinstance(events[-1], Failed)
    assert events[-1].text == str(Erased())
    assert await count(services.sessions, Message) == 0


async def test_a_turn_that_is_under_way_leaves_nothing_behind(services: Services, request_: TurnRequest) -> None:
    async with services.sessions.begin() as session:
        asked = NewMessage(uuid4(), request_.site_id, request_.user_id, uuid4(), "How?")
        await begin_turn(session, asked, owner=1)

    gone = await erase_own(services, request_.site_id, request_.user_id, address="")

    assert (gone.conversations, gone.messages) == (1, 2)
    assert await count(services.sessions, Message) == 0
