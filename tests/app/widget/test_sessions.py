"""Who gets in at the widget, from which page, how often, and as whom."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from sqlalchemy import select, text

from app.access.keys import derived_key
from app.db.sealed import opened
from app.db.sites import add_site, configure_site
from app.db.tables import Handover, Message
from app.widget.sessions import SESSIONS_A_MINUTE
from app.widget.tokens import Visitor, give_pass, give_token
from app.wiring import Services
from tests.app.turning import GOOD, QUESTION, texts
from tests.app.widget.serving import Visitor as Asking
from tests.app.widget.serving import served

SHOP = "https://www.shop.example"
SECRET = "0123456789abcdef0123456789abcdef"
CONFIG = {"origins": [SHOP], "identity": {"secret": SECRET}, "look": {"name": "Ada", "greeting": "Ahoy!"}}


@pytest.fixture
async def http(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with services.sessions.begin() as session:
        await configure_site(session, "shop", CONFIG, version=0)
        await add_site(session, "other", {"origins": [SHOP]})
    async with served(services) as url, httpx.AsyncClient(base_url=url, headers={"Origin": SHOP}) as http:
        yield http


async def begin(http: httpx.AsyncClient, **wanted: Any) -> dict[str, Any]:
    found = await http.post("/widget/session", json={"site": "shop"} | wanted)
    assert found.status_code == 200, found.text
    session: dict[str, Any] = found.json()
    return session


def vouched(sub: str = "42") -> str:
    return jwt.encode({"sub": sub, "exp": datetime.now(UTC) + timedelta(minutes=1)}, SECRET)


def bearer(session: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['token']}"}


async def test_a_session_tells_how_the_site_looks(http: httpx.AsyncClient) -> None:
    site = (await begin(http))["site"]

    assert (site["assistant"], site["greeting"], site["message_chars"]) == ("Ada", "Ahoy!", 500)


@pytest.mark.parametrize(
    ("origin", "status", "code"),
    [
        (SHOP, 200, None),
        ("https://evil.example", 403, "origin_not_allowed"),
        ("http://www.shop.example", 403, "origin_not_allowed"),
        (f"{SHOP}.evil.example", 403, "origin_not_allowed"),
        ("null", 403, "origin_not_allowed"),
        ("", 403, "origin_not_allowed"),
    ],
)
async def test_a_widget_stands_only_on_the_pages_that_its_site_names(
    http: httpx.AsyncClient, origin: str, status: int, code: str | None
) -> None:
    found = await http.post("/widget/session", json={"site": "shop"}, headers={"Origin": origin})

    assert found.status_code == status
    assert code is None or found.json()["error"]["code"] == code


async def test_a_pass_makes_one_the_same_visitor_again_at_its_own_site_only(http: httpx.AsyncClient) -> None:
    first = await begin(http)

    assert (await begin(http, visitor=first["visitor"]))["user"] == first["user"]
    assert (await begin(http, visitor=first["visitor"], site="other"))["user"] != first["user"]
    assert (await begin(http, visitor="made up"))["user"] != first["user"]
    assert (await begin(http, visitor=first["token"]))["user"] != first["user"]


async def test_who_was_erased_is_a_stranger(http: httpx.AsyncClient, services: Services) -> None:
    first = await begin(http)
    async with services.sessions.begin() as session:
        await session.execute(text("DELETE FROM users"))

    assert (await begin(http, visitor=first["visitor"]))["user"] != first["user"]


async def test_a_vouched_visitor_is_one_person_everywhere_and_brings_what_they_asked_as_a_guest(
    http: httpx.AsyncClient,
) -> None:
    guest = await begin(http)
    http.headers.update(bearer(guest))
    asking = Asking(http)
    await asking.ask(QUESTION)

    known = await begin(http, visitor=guest["visitor"], identity=vouched())

    assert known["identified"]
    assert known["user"] == (await begin(http, identity=vouched()))["user"]
    assert known["user"] != (await begin(http, identity=vouched("43")))["user"]
    listed = (await http.get("/widget/conversations", headers=bearer(known))).json()["conversations"]
    assert [conversation["id"] for conversation in listed] == [str(asking.conversation)]
    left = (await http.get("/widget/conversations", headers=bearer(guest))).json()["conversations"]
    assert left == []


async def test_a_vouched_visitors_pass_is_not_renewed_without_the_host(http: httpx.AsyncClient) -> None:
    known = await begin(http, identity=vouched())

    again = await begin(http, visitor=known["visitor"])

    assert (again["user"], again["identified"]) == (known["user"], True)
    assert again["visitor"] == known["visitor"], "it would never end"


async def test_an_identity_that_is_wrong_makes_nobody_a_guest_instead(http: httpx.AsyncClient) -> None:
    found = await http.post("/widget/session", json={"site": "shop", "identity": "wrong"})

    assert (found.status_code, found.json()["error"]["code"]) == (401, "identity_refused")


async def test_an_address_begins_only_so_many_sessions_a_minute(http: httpx.AsyncClient) -> None:
    # One more than two minutes' worth: however the minutes fall, one is refused.
    asked = [await http.post("/widget/session", json={"site": "shop"}) for _ in range(2 * SESSIONS_A_MINUTE + 1)]

    refused = [found for found in asked if found.status_code != 200]
    assert refused
    assert {found.json()["error"]["code"] for found in refused} == {"too_many"}
    assert all(1 <= int(found.headers["retry-after"]) <= 60 for found in refused)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        pytest.param({"exp": 1}, "token_expired", id="out of date"),
        pytest.param({"site": "x"}, "token_refused", id="not ours"),
    ],
)
async def test_a_token_that_is_not_good_is_refused_by_name(
    http: httpx.AsyncClient, services: Services, claims: dict[str, Any], code: str
) -> None:
    good = {
        "sub": str(uuid4()),
        "site": 1,
        "origin": SHOP,
        "known": False,
        "exp": datetime.now(UTC) + timedelta(hours=1),
    }
    token = jwt.encode(good | claims, derived_key(services.secret, "widget token"))

    found = await http.get("/widget/conversations", headers={"Authorization": f"Bearer {token}"})

    assert (found.status_code, found.json()["error"]["code"]) == (401, code)


async def test_a_token_is_good_on_pages_of_its_own_origin_only(http: httpx.AsyncClient, services: Services) -> None:
    session = await begin(http)
    elsewhere = bearer(session) | {"Origin": "https://other.example"}
    as_pass = {"Authorization": f"Bearer {session['visitor']}"}

    assert (await http.get("/widget/conversations", headers=bearer(session))).status_code == 200
    assert (await http.get("/widget/conversations", headers=elsewhere)).status_code == 401
    assert (await http.get("/widget/conversations", headers=as_pass)).status_code == 401


def test_a_token_and_a_pass_are_not_each_other(services: Services) -> None:
    visitor = Visitor(UUID(int=1), 1, SHOP, identified=False)

    assert give_token(services, visitor) != give_pass(services, visitor)
    assert give_token(replace(services, secret=b"another secret of 32 bytes or more"), visitor) != give_token(
        services, visitor
    )


async def test_a_message_that_is_sent_twice_is_asked_once(http: httpx.AsyncClient, services: Services) -> None:
    http.headers.update(bearer(await begin(http)))
    conversation, form = uuid4(), {"id": str(uuid4()), "text": QUESTION}

    streams = [(await http.post(f"/widget/conversations/{conversation}/messages", data=form)).text for _ in range(2)]

    assert all(f'"text": "{GOOD}"' in each for each in streams)
    async with services.sessions() as session:
        assert len(list(await session.scalars(select(Message)))) == 2


async def test_a_wish_for_a_person_is_kept_protected_and_answered(http: httpx.AsyncClient, services: Services) -> None:
    http.headers.update(bearer(await begin(http)))
    asking = Asking(http)
    wish = {"message": "Please write to kim@example.org", "contact": "kim@example.org"}

    taken = (await http.post(f"/widget/conversations/{asking.conversation}/handover", json=wish)).json()

    assert taken["text"].startswith("Thank you, your message is noted.")
    assert [message["text"] for message in await asking.said()] == [wish["message"], taken["text"]]
    async with services.sessions() as session:
        kept = (await session.scalars(select(Handover))).one()
        await opened(session, [kept])
        said = await texts(session, select(Message))
    assert (kept.note, kept.contact) == ("Please write to [EMAIL_1]", "[EMAIL_1]")
    assert not any("kim@" in each for each in said)


async def test_nobody_asks_for_a_person_in_anothers_conversation(http: httpx.AsyncClient) -> None:
    asking = Asking(http)
    http.headers.update(bearer(await begin(http)))
    await asking.ask(QUESTION)

    path = f"/widget/conversations/{asking.conversation}/handover"
    found = await http.post(path, json={}, headers=bearer(await begin(http)))

    assert (found.status_code, found.json()["error"]["code"]) == (404, "not_found")


async def test_what_cannot_be_read_is_the_senders_fault(http: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    headers = {"Content-Type": "application/json"}
    deep = await http.post("/widget/session", content=b"[" * 50_000, headers=headers)
    large = await http.post("/widget/session", content=endless(), headers=headers)

    assert (deep.status_code, deep.json()["error"]["code"]) == (400, "bad_request")
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")


async def test_a_header_that_two_programs_read_differently_ends_the_connection(http: httpx.AsyncClient) -> None:
    smuggled = (
        b"POST /widget/session HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /widget/conversations HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    writer.write(smuggled)

    answers = await asyncio.wait_for(reader.read(), 5)
    writer.close()

    assert answers.startswith(b"HTTP/1.1 400")
    assert answers.count(b"HTTP/1.1") == 1
