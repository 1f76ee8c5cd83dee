"""Staff vote a kept answer away."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

from sqlalchemy import select

from app.db.tables import AuditRecord, CachedAnswer
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.events import Done
from tests.app.staff.browsing import Person, member
from tests.app.turning import ask, count


async def test_a_vote_away_removes_the_answer_and_is_noted(
    services: Services, request_: TurnRequest, browser: Callable[[], Person]
) -> None:
    again, follow_up = (replace(request_, message_id=uuid4(), conversation_id=uuid4()) for _ in range(2))
    dones = [(await ask(services, request))[-1] for request in (request_, again, follow_up)]
    *_, late = await ask(services, replace(follow_up, message_id=uuid4()))  # has a history: the cache is not asked
    _, recalled, _, followed = (UUID(done.trace_id) for done in (*dones, late) if isinstance(done, Done))
    anna = await member(services, "anna@shop.example", "staff", "shop")
    await member(services, "otto@other.example", "staff", "other")
    hers, his = browser(), browser()
    await hers.sign_in("anna@shop.example")
    await his.sign_in("otto@other.example")
    as_json = {"Accept": "application/json"}
    path = f"/staff/sites/shop/traces/{recalled}/give-again"
    right: dict[str, object] = {"json": {"give_again": False}}

    for person, where, sent, status in (
        (his, path, right, 404),
        (his, path.replace("/shop/", "/other/"), right, 404),
        (browser(), path, right, 401),
        (hers, path, {"data": {"give_again": "false"}}, 415),
        (hers, path, {"json": {"give_again": True}}, 400),
        (hers, path.replace(str(recalled), str(uuid4())), right, 404),
        (hers, path.replace(str(recalled), str(followed)), right, 404),
    ):
        answer = await person.http.put(where, headers=as_json, **sent)
        assert (answer.status_code, "detail" in answer.text) == (status, True), where
    assert await count(services.sessions, CachedAnswer) == 1

    answer = await hers.http.put(path, headers=as_json, json={"give_again": False})

    assert (answer.status_code, answer.json()) == (200, {"trace": str(recalled), "forgotten": 1})
    assert await count(services.sessions, CachedAnswer) == 0
    async with services.sessions() as session:
        (noted,) = await session.scalars(select(AuditRecord).where(AuditRecord.action == "vote answer away"))
        assert (noted.actor, noted.subject) == (f"member {anna}", f"trace:{recalled}")
        assert noted.details == {"site": "shop", "forgotten": 1}
