"""Who may look behind pseudonyms, and what stays of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.db.audit import verify
from app.db.tables import AuditRecord
from app.turn_request import TurnRequest
from app.wiring import Services
from tests.app.staff.browsing import Person, member
from tests.app.turning import QUESTION, ask

RIGHT = {"tokens": ["[EMAIL_1]"], "reason": "They asked lee@example.org to be called back."}
Browsers = Callable[[], Person]


@pytest.fixture
async def path(services: Services, request_: TurnRequest) -> str:
    await ask(services, replace(request_, text=f"I am kim@example.org , {QUESTION}"))
    return f"/staff/sites/shop/conversations/{request_.conversation_id}/reveal"


async def reveals(services: Services) -> list[AuditRecord]:
    async with services.sessions() as session:
        await verify(session, services.secret)
        return list(await session.scalars(select(AuditRecord).where(AuditRecord.action == "reveal")))


async def post(person: Person, path: str, **sent: Any) -> tuple[int, Any]:
    answer = await person.http.post(path, headers={"Accept": "application/json"}, **sent)
    return answer.status_code, answer.json()


async def test_an_admin_sees_a_value_and_the_log_keeps_who_why_and_no_value(
    services: Services, request_: TurnRequest, browser: Browsers, path: str
) -> None:
    ada = await member(services, "ada@example.com", "admin")
    hers = browser()
    await hers.sign_in("ada@example.com")

    assert await post(hers, path, json=RIGHT) == (200, {"values": {"[EMAIL_1]": "kim@example.org"}})

    (told,) = await reveals(services)
    assert (told.actor, told.subject) == (f"member {ada}", str(request_.conversation_id))
    assert told.details["tokens"] == ["[EMAIL_1]"]
    assert told.details["reason"] == "They asked [EMAIL_2] to be called back."


@pytest.mark.parametrize(
    ("who", "sent", "status"),
    [
        ("nobody", {"json": RIGHT}, 401),
        ("staff", {"json": RIGHT}, 403),
        ("admin", {"data": {"reason": "because I want to"}}, 415),
        ("admin", {"json": {"tokens": ["[EMAIL_1]"]}}, 400),
        ("admin", {"json": RIGHT | {"reason": " too short   "}}, 400),
        ("admin", {"json": RIGHT | {"tokens": []}}, 400),
        ("admin", {"json": RIGHT | {"tokens": ["[EMAIL_1]", "[EMAIL_9]"]}}, 404),
        ("other conversation", {"json": RIGHT}, 404),
        ("other site", {"json": RIGHT}, 404),
        ("other origin", {"json": RIGHT}, 403),
    ],
)
async def test_nothing_is_revealed_otherwise(
    services: Services, browser: Browsers, path: str, who: str, sent: dict[str, Any], status: int
) -> None:
    person = browser()
    await member(services, "anna@shop.example", "staff", "shop", "other")
    await member(services, "ada@example.com", "admin")
    if who != "nobody":
        await person.sign_in("anna@shop.example" if who == "staff" else "ada@example.com")
    if who == "other conversation":
        path = f"/staff/sites/shop/conversations/{uuid4()}/reveal"
    elif who == "other site":
        path = path.replace("/shop/", "/other/")
    elif who == "other origin":
        person.http.headers["Origin"] = "https://evil.example"

    answered, told = await post(person, path, **sent)

    assert (answered, "kim@example.org" in str(told)) == (status, False)
    assert await reveals(services) == []


async def test_sign_ins_and_changes_of_roles_are_kept(services: Services, browser: Browsers) -> None:
    ada = await member(services, "ada@example.com", "admin")
    anna = await member(services, "anna@shop.example", "staff", "shop")
    hers, wrong = browser(), browser()
    await hers.sign_in("ada@example.com")
    await wrong.sign_in("ada@example.com", "not the password")
    await hers.go(f"/staff/members/{anna}")
    await hers.send(f"/staff/members/{anna}", role="admin")
    await hers.go(f"/staff/members/{anna}")
    await hers.send(f"/staff/members/{anna}/disable")

    async with services.sessions() as session:
        records = list(await session.scalars(select(AuditRecord).order_by(AuditRecord.number)))
    admin = f"member {ada}"
    assert [(one.actor, one.action, one.subject) for one in records] == [
        (admin, "sign in", admin),
        (admin, "change member", f"member {anna}"),
        (admin, "disable member", f"member {anna}"),
    ]
    assert [one.details for one in records] == [{"method": "password"}, {"role": "admin", "sites": []}, {}]
