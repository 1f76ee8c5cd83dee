"""Staff correct what a turn was taken for."""

from collections.abc import Callable
from uuid import uuid4

from sqlalchemy import select

from app.db.tables import IntentCorrection, Trace
from app.turn_request import TurnRequest
from app.wiring import Services
from tests.app.staff.browsing import Person, member
from tests.app.turning import ask


async def test_a_correction_is_kept_with_who_made_it(
    services: Services, request_: TurnRequest, browser: Callable[[], Person]
) -> None:
    await ask(services, request_)
    anna = await member(services, "anna@shop.example", "staff", "shop")
    await member(services, "otto@other.example", "staff", "other")
    async with services.sessions() as session:
        trace = (await session.scalars(select(Trace.id))).one()
    path = f"/staff/sites/shop/traces/{trace}/intent"
    hers, his = browser(), browser()
    await hers.sign_in("anna@shop.example")
    await his.sign_in("otto@other.example")

    async def put(person: Person, path: str, **sent: object) -> tuple[int, object]:
        answer = await person.http.put(path, headers={"Accept": "application/json"}, **sent)  # type: ignore[arg-type]
        return answer.status_code, answer.json()

    right: dict[str, object] = {"json": {"intent": "thanks"}}
    assert await put(hers, path, **right) == (200, {"trace": str(trace), "taken_for": "scripted", "intent": "thanks"})
    for person, where, sent, status in (
        (his, path, right, 404),
        (browser(), path, right, 401),
        (hers, path, {"data": {"intent": "thanks"}}, 415),
        (hers, path, {"json": {"intent": "no such"}}, 400),
        (hers, path, {"json": ["thanks"]}, 400),
        (hers, path.replace(str(trace), str(uuid4())), right, 404),
    ):
        refused = await put(person, where, **sent)
        assert (refused[0], "detail" in str(refused[1])) == (status, True), sent
    async with services.sessions() as session:
        (kept,) = (await session.scalars(select(IntentCorrection))).all()
    assert (kept.intent, kept.taken_for, kept.member_id, kept.message_id) == (
        "thanks",
        "scripted",
        anna,
        request_.message_id,
    )
