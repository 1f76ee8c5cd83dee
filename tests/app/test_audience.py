"""Who reads what, through every door: an answer, its sources and its trace hold nothing that its reader may not see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from openai import BadRequestError
from sqlalchemy import select

from app.db.sites import configure_site
from app.db.tables import Citation, Message, Trace
from app.ingest import ingest
from app.stored_request import stored_request
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.events import Done
from tests.app.api.serving import client, make_token
from tests.app.api.serving import served as served_api
from tests.app.turning import QUESTION, ask, texts
from tests.app.widget.serving import served
from tests.graph.scripted import route

STAFF = frozenset({"staff"})
SECRET = "0123456789abcdef0123456789abcdef"
SHOP = "https://www.shop.example"


@pytest.fixture
async def shop(services: Services, tmp_path: Path) -> Services:
    """A shop with a page on refunds for its staff, which is nearer to the question than everybody's."""
    (tmp_path / "internal.md").write_text(
        "# Refunds\n\nRefunds until paid: how long refunds are paid, refunds take 3 days for staff.\n", encoding="utf-8"
    )
    await ingest(
        services.sessions, services.encoder, services.settings.knowledge, site="shop", paths=[tmp_path], audience=STAFF
    )
    return replace(services, models=(route("Refunds are paid within 14 days of your request [1]."),))


async def documents(shop: Services, request: TurnRequest) -> set[str]:
    *_, done = await ask(shop, request)
    assert isinstance(done, Done)
    return {source.document for source in done.sources}


async def traced(shop: Services) -> list[int]:
    async with shop.sessions() as session:
        return [len(details["passages"]) for details in await session.scalars(select(Trace.details))]


async def test_a_restricted_document_answers_its_readers_only(shop: Services, request_: TurnRequest) -> None:
    for labels, passages in ((frozenset[str](), 1), (frozenset({"partners"}), 1), (STAFF, 2)):
        await ask(shop, replace(request_, conversation_id=uuid4(), message_id=uuid4(), labels=labels))
        assert passages in await traced(shop)
    assert sorted(await traced(shop)) == [1, 1, 2]

    async with shop.sessions() as session:
        cited = set(await texts(session, select(Citation), "document"))
    assert not any("internal" in document for document in cited)


async def test_an_answer_that_another_process_goes_on_with_keeps_its_readers_labels(
    shop: Services, request_: TurnRequest
) -> None:
    asked = replace(request_, labels=STAFF)
    await ask(shop, asked)

    again = await stored_request(shop, asked.user_id, asked.message_id)

    assert again is not None
    assert again.labels == STAFF


async def test_a_program_says_for_whom_it_asks(shop: Services) -> None:
    token, _ = await make_token(shop)
    async with served_api(shop) as url:
        for labels in ([], ["staff"]):
            await client(url, token).chat.completions.create(
                model="shop",
                messages=[{"role": "user", "content": QUESTION}],
                extra_body={"parley": {"labels": labels}},
            )
        with pytest.raises(BadRequestError, match="is no label"):
            await client(url, token).chat.completions.create(
                model="shop",
                messages=[{"role": "user", "content": QUESTION}],
                extra_body={"parley": {"labels": ["no label"]}},
            )

    assert sorted(await traced(shop)) == [1, 2]


def identity(labels: object) -> str:
    return jwt.encode({"sub": "42", "labels": labels, "exp": datetime.now(UTC) + timedelta(minutes=1)}, SECRET)


async def labels_asked_with(shop: Services, http: httpx.AsyncClient, **wanted: object) -> list[str]:
    """What a visitor's message is stored with, who asks in a session that is begun so."""
    session = (await http.post("/widget/session", json={"site": "shop"} | wanted)).json()
    message, conversation = uuid4(), uuid4()
    asked = await http.post(
        f"/widget/conversations/{conversation}/messages",
        data={"id": str(message), "text": QUESTION},
        headers={"Authorization": f"Bearer {session['token']}"},
    )
    assert asked.status_code == 200, asked.text
    async with shop.sessions() as database:
        (stored,) = (await database.scalars(select(Message).where(Message.id == UUID(str(message))))).all()
        return list(stored.labels)


async def test_the_hosts_backend_says_what_a_visitor_may_read_and_the_visitor_does_not(shop: Services) -> None:
    config = {"origins": [SHOP], "identity": {"secret": SECRET}, "cache": "off"}
    async with shop.sessions.begin() as session:
        await configure_site(session, "shop", config, version=0)
    async with served(shop) as url, httpx.AsyncClient(base_url=url, headers={"Origin": SHOP}) as http:
        assert await labels_asked_with(shop, http) == []
        assert (await http.post("/widget/session", json={"site": "shop", "labels": ["staff"]})).is_client_error
        assert await labels_asked_with(shop, http, identity=identity(["Staff", "gold"])) == ["gold", "staff"]
        passed = (await http.post("/widget/session", json={"site": "shop", "identity": identity(["staff"])})).json()
        assert await labels_asked_with(shop, http, visitor=passed["visitor"]) == ["staff"]
        assert await labels_asked_with(shop, http, visitor=passed["visitor"], identity=identity([])) == []
        for wrong in ("staff", [7], ["two words"]):
            refused = await http.post("/widget/session", json={"site": "shop", "identity": identity(wrong)})
            assert (refused.status_code, "labels" in refused.text) == (401, True)

    assert sorted(await traced(shop)) == [1, 1, 2, 2]
