"""What a site's screen does with what it finds: refuses or notes, tells staff, and learns where it was wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.db.screening import harmless_scores, label_screening, needing_attention
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
    told = [(turn["attention"], turn["message"], turn["score"], turn["false_alarm"]) for turn in listed]
    assert told == [("blocked", request_.text, 0.99, None)]
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
        assert [each.actor for each in audit] == [f"member {anna}"] * 3
        assert await session.scalar(select(Trace.id).where(Trace.id == trace)) == trace
    listed = (await hers.http.get("/staff/sites/shop/attention", headers=as_json)).json()
    assert listed[0]["false_alarm"] is True


async def test_staff_see_on_a_page_what_was_stopped_and_say_what_it_was(
    services: Services, request_: TurnRequest, browser: Callable[[], Person]
) -> None:
    await said_to(suspicious(services), request_)
    await member(services, "anna@shop.example", "staff", "shop")
    await member(services, "otto@other.example", "staff", "other")
    hers, his = browser(), browser()
    await hers.sign_in("anna@shop.example")
    await his.sign_in("otto@other.example")

    assert "turns to look at" in await hers.go("/staff/sites/shop")
    shown = await hers.go("/staff/sites/shop/attention")
    expected = ("The message was refused", request_.text, "message 0.99, scripted", "False alarm", "Attack")
    assert all(words in shown for words in expected)
    assert "There are no earlier ones" in await hers.go("/staff/sites/shop/attention?before=2020-01-01T00:00:00Z")
    await hers.go("/staff/sites/shop/attention?before=yesterday")
    assert hers.status == 400
    await his.go("/staff/sites/shop/attention")
    assert his.status == 404

    async with services.sessions() as session:
        trace = await session.scalar(select(Trace.id))
    path = f"/staff/sites/shop/traces/{trace}/false-alarm"
    for value, words, harmless in (("true", "a false alarm", [0.99]), ("false", "an attack", [])):
        await hers.go("/staff/sites/shop/attention")
        said_then = await hers.send(path, false_alarm=value, before="")
        assert (hers.path, f"Noted as {words}." in said_then) == ("/staff/sites/shop/attention", True)
        async with services.sessions() as session:
            assert list(await harmless_scores(session, request_.site_id, since=LONG_AGO)) == harmless
    assert hers.page.text.count('name="false_alarm"') == 1, "only what was not said yet can be said"
    await hers.send(path, false_alarm="perhaps")
    assert hers.status == 404
    await his.go("/staff/account")
    await his.send(path, false_alarm="true")
    assert his.status == 404
    await hers.go("/staff/account")
    without_token = await hers.http.post(path, data={"false_alarm": "true"})
    assert without_token.status_code == 400


@pytest.mark.parametrize(
    ("attention", "harmless"),
    [
        (None, True),
        ("only_noted", True),
        ("blocked", False),
        ("file", False),
        ("leak", False),
        ("contained", False),
    ],
)
async def test_only_turns_without_harm_count_as_harmless_unless_staff_say_so(
    services: Services, request_: TurnRequest, attention: str | None, harmless: bool
) -> None:
    await said_to(services, request_)
    async with services.sessions.begin() as session:
        trace = (await session.scalars(select(Trace))).one()
        trace.details = trace.details | ({"attention": attention} if attention else {})

    async def scores(label: bool | None = None) -> list[float]:
        async with services.sessions.begin() as session:
            if label is not None:
                assert await label_screening(session, request_.site_id, trace.id, false_alarm=label)
            return list(await harmless_scores(session, request_.site_id, since=LONG_AGO))

    assert await scores() == ([0.01] if harmless else [])
    assert await scores(True) == [0.01]
    assert await scores(False) == []


@pytest.mark.parametrize("wrong", [{"screening": "off"}, {"screening_threshold": 1.0}])
def test_a_screen_is_on_or_in_shadow(wrong: dict[str, object]) -> None:
    with pytest.raises(SiteRefused):
        read_config(wrong)
