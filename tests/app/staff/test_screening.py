"""What a site's screen does with what it finds: refuses or notes, tells staff, and learns where it was wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.db.screening import harmless_scores, needing_attention
from app.db.sites import configure_site, site_by_name
from app.db.tables import AuditRecord, Trace
from app.sites.config import SiteRefused, read_config
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.events import Done
from graph.replies import said
from tests.app.staff.browsing import Person, member
from tests.app.turning import GOOD, ask
from tests.graph.scripted import FixedInjection

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


async def configured(services: Services, **keys: object) -> None:
    async with services.sessions.begin() as session:
        site = await site_by_name(session, "shop")
        assert site is not None
        config = read_config(site.config | keys)
        assert await configure_site(session, "shop", config.stored(), version=site.version)


def suspicious(services: Services) -> Services:
    return replace(services, injection=FixedInjection(blocked=True))


def again(request: TurnRequest) -> TurnRequest:
    return replace(request, message_id=uuid4(), conversation_id=uuid4())


async def said_to(services: Services, request: TurnRequest) -> str:
    done = (await ask(services, request))[-1]
    assert isinstance(done, Done)
    return done.text


async def test_a_site_refuses_notes_or_judges_by_its_own_threshold(services: Services, request_: TurnRequest) -> None:
    refusal = said("refused", "en", subject="the shop")
    assert await said_to(suspicious(services), again(request_)) == refusal
    assert await said_to(services, again(request_)) == GOOD
    await configured(services, screening="shadow")
    assert await said_to(suspicious(services), again(request_)) == GOOD
    await configured(services, screening="on", screening_threshold=0.995)
    assert await said_to(suspicious(services), again(request_)) == GOOD

    async with services.sessions() as session:
        turns = await needing_attention(session, request_.site_id)
        assert [turn.attention for turn in turns] == ["only_noted", "blocked"]
        assert [(turn.score, turn.reason, turn.false_alarm) for turn in turns] == [(0.99, "scripted", None)] * 2
        earlier = await needing_attention(session, request_.site_id, before=turns[0].at)
        assert [turn.trace_id for turn in earlier] == [turns[1].trace_id]
        assert await needing_attention(session, request_.site_id + 1) == []
        scores = await harmless_scores(session, request_.site_id, since=LONG_AGO)
        assert sorted(scores) == [0.01, 0.99, 0.99]
        assert await harmless_scores(session, request_.site_id, since=datetime.now(UTC)) == []


async def test_what_staff_call_a_false_alarm_counts_as_harmless(
    services: Services, request_: TurnRequest, browser: Callable[[], Person]
) -> None:
    await said_to(suspicious(services), request_)
    await said_to(services, again(request_))
    anna = await member(services, "anna@shop.example", "staff", "shop")
    await member(services, "otto@other.example", "staff", "other")
    hers, his = browser(), browser()
    await hers.sign_in("anna@shop.example")
    await his.sign_in("otto@other.example")
    as_json = {"Accept": "application/json"}

    listed = (await hers.http.get("/staff/sites/shop/attention", headers=as_json)).json()
    assert [(turn["attention"], turn["score"], turn["false_alarm"]) for turn in listed] == [("blocked", 0.99, None)]
    wrong = await hers.http.get("/staff/sites/shop/attention?before=yesterday", headers=as_json)
    assert wrong.status_code == 400
    assert (await his.http.get("/staff/sites/shop/attention", headers=as_json)).status_code == 404
    assert (await browser().http.get("/staff/sites/shop/attention", headers=as_json)).status_code == 401

    trace = UUID(listed[0]["trace"])
    path = f"/staff/sites/shop/traces/{trace}/false-alarm"

    async def scores() -> list[float]:
        async with services.sessions() as session:
            return sorted(await harmless_scores(session, request_.site_id, since=LONG_AGO))

    assert await scores() == [0.01]
    for person, where, sent, status in (
        (his, path, {"json": {"false_alarm": True}}, 404),
        (browser(), path, {"json": {"false_alarm": True}}, 401),
        (hers, path, {"data": {"false_alarm": "true"}}, 415),
        (hers, path, {"json": {"false_alarm": "yes"}}, 400),
        (hers, path.replace(str(trace), str(uuid4())), {"json": {"false_alarm": True}}, 404),
    ):
        answer = await person.http.put(where, headers=as_json, **sent)
        assert (answer.status_code, "detail" in answer.text) == (status, True), sent
    assert await scores() == [0.01]
    for said_of_it, harmless in ((True, [0.01, 0.99]), (False, [0.01]), (True, [0.01, 0.99])):
        answer = await hers.http.put(path, headers=as_json, json={"false_alarm": said_of_it})
        assert (answer.status_code, answer.json()) == (200, {"trace": str(trace), "false_alarm": said_of_it})
        assert await scores() == harmless
    async with services.sessions() as session:
        audit = (await session.scalars(select(AuditRecord).where(AuditRecord.action == "label screening"))).all()
        assert [each.actor for each in audit] == [f"member:{anna}"] * 3
        assert await session.scalar(select(Trace.id).where(Trace.id == trace)) == trace
    listed = (await hers.http.get("/staff/sites/shop/attention", headers=as_json)).json()
    assert listed[0]["false_alarm"] is True


@pytest.mark.parametrize("wrong", [{"screening": "off"}, {"screening_threshold": 1.0}])
def test_a_screen_is_on_or_in_shadow(wrong: dict[str, object]) -> None:
    with pytest.raises(SiteRefused):
        read_config(wrong)
