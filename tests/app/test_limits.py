"""Limits at the doors, and budgets that choose the models."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import openai
import pytest
from sqlalchemy import select, update

from app.budgets import affordable, tier
from app.db.sites import configure_site
from app.db.spend import Spent, add_spent
from app.db.tables import Message, Rate, Trace, Usage
from app.db.users import ensure_guest
from app.sites.config import Budget
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services
from graph.context import ModelRoute
from graph.events import Done, Event, Failed, Started, Token
from tests.app.api.serving import client, make_token
from tests.app.api.serving import served as served_api
from tests.app.turning import GOOD, ask, count
from tests.app.widget.serving import served as served_widget
from tests.app.widget.serving import visitor
from tests.graph.scripted import Scripted, route

DAY_S = 24 * 3600


async def configure(services: Services, version: int = 0, **config: dict[str, Any]) -> None:
    async with services.sessions.begin() as session:
        assert await configure_site(session, "shop", config, version=version)


def anew(request: TurnRequest, **changes: Any) -> TurnRequest:
    return replace(request, conversation_id=uuid4(), message_id=uuid4(), **changes)


async def ended(services: Services, request: TurnRequest) -> Event:
    return (await ask(services, request))[-1]


async def test_of_fifty_turns_at_once_exactly_the_limit_is_answered(services: Services, request_: TurnRequest) -> None:
    await configure(services, limits={"visitor": {"requests_minute": 0, "requests_day": 7}})

    ends = await asyncio.gather(*(ended(services, anew(request_)) for _ in range(50)))

    refused = [end for end in ends if isinstance(end, Failed)]
    assert len([end for end in ends if isinstance(end, Done)]) == 7
    assert len(refused) == 43
    for end in refused:
        assert end.text.startswith("You have asked as much as one visitor may in a day. Please try again in ")
        assert end.retry_after_s is not None
        assert 0 < end.retry_after_s <= DAY_S
    async with services.sessions() as session:
        asked = list(await session.scalars(select(Message.role).where(Message.role == "visitor")))
    assert len(asked) == 7  # nothing of a refused message is stored


@pytest.mark.parametrize("kind", ["requests_minute", "tokens_minute", "tokens_day"])
async def test_another_visitor_is_not_held_to_it(services: Services, request_: TurnRequest, kind: str) -> None:
    await configure(services, limits={"visitor": {"requests_minute": 0, kind: 1}})
    assert isinstance(await ended(services, request_), Done)
    assert isinstance(await ended(services, anew(request_)), Failed)

    async with services.sessions.begin() as session:
        other = await ensure_guest(session, request_.site_id, uuid4())
    assert isinstance(await ended(services, anew(request_, user_id=other.id)), Done)


async def test_a_site_is_held_to_its_own_limit(services: Services, request_: TurnRequest) -> None:
    await configure(services, limits={"site": {"requests_day": 1}})
    assert isinstance(await ended(services, request_), Done)

    end = await ended(services, anew(request_))

    assert isinstance(end, Failed)
    assert end.text.startswith("No more questions can be answered today. Please try again in ")


async def test_the_operators_own_questions_count_for_nothing(services: Services, request_: TurnRequest) -> None:
    await configure(services, limits={"visitor": {"requests_day": 1}, "site": {"tokens_day": 1}})

    for _ in range(3):
        assert isinstance(await ended(services, anew(request_, counted=False)), Done)

    assert await count(services.sessions, Rate) == 0


async def test_an_answer_that_another_process_began_is_not_counted_twice(
    services: Services, request_: TurnRequest
) -> None:
    await configure(services, limits={"visitor": {"requests_day": 1}})
    await ended(services, request_)
    async with services.sessions.begin() as session:
        left = update(Message).where(Message.role == "assistant").values(status="open").returning(Message.id)
        answer_id = (await session.scalars(left)).one()

    assert isinstance(await ended(services, replace(request_, answer_id=answer_id)), Done)


async def test_the_widget_is_told_when_to_try_again(services: Services) -> None:
    await configure(services, limits={"visitor": {"requests_day": 1}}, look={"name": "Ada"})
    async with served_widget(services) as url, visitor(url) as ada:
        assert (await ada.ask("How long until refunds are paid?")).last[0] == "done"

        with pytest.raises(httpx.HTTPStatusError) as refused:
            await ada.ask("How long until refunds are paid, please?")

    assert refused.value.response.status_code == 429
    assert 0 < int(refused.value.response.headers["Retry-After"]) <= DAY_S
    error = refused.value.response.json()["error"]
    assert error["code"] == "too_many"
    assert "Please try again in" in error["message"]


async def test_a_program_is_told_when_to_try_again(services: Services) -> None:
    await configure(services, limits={"site": {"requests_day": 1}, "visitor": {"requests_day": 1}})
    async with served_api(services) as url:
        api = client(url, (await make_token(services))[0]).with_options(max_retries=0)
        asked: Any = [{"role": "user", "content": "How long until refunds are paid?"}]
        await api.chat.completions.create(model="shop", messages=asked)

        with pytest.raises(openai.RateLimitError) as refused:
            await api.chat.completions.create(model="shop", messages=asked)

    assert 0 < int(refused.value.response.headers["retry-after"]) <= DAY_S


async def test_what_a_stopped_turn_took_is_on_the_bill(services: Services, request_: TurnRequest) -> None:
    stopped = replace(services, models=(ModelRoute("big", "hosted", Slow(text=GOOD), 5, 5, trusted=True),))
    events = run_turn(stopped, request_)
    async for event in events:
        if isinstance(event, Token):
            break
    await events.aclose()

    async with services.sessions() as session:
        lines = (await session.execute(select(Usage.route, Usage.outcome, Usage.input_tokens > 0))).all()
    assert [tuple(line) for line in lines] == [("big", "stopped", True)]


class Slow(Scripted):
    """Takes its time after the first word."""

    async def _astream(self, *args: Any, **kwargs: Any) -> Any:
        async for chunk in super()._astream(*args, **kwargs):
            yield chunk
            await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("day", "month", "stands"),
    [("0", "0", "within"), ("0.79", "0", "within"), ("0.8", "0", "soft"), ("1", "0", "hard"), ("0", "16", "soft"),
     ("0", "20.01", "hard"), ("1.5", "0", "hard")],
)  # fmt: skip
def test_where_a_budget_stands(day: str, month: str, stands: str) -> None:
    budget = Budget(day_usd=Decimal(1), month_usd=Decimal(20))

    assert tier(budget, Spent(Decimal(day), Decimal(month))) == stands


def test_a_site_without_a_budget_spends_what_it_likes() -> None:
    assert tier(Budget(), Spent(Decimal(10**6), Decimal(10**6))) == "within"


LARGE, OWN = route(name="large"), route(name="own", rung="local")
SMALL = replace(route(name="small"), small=True)


@pytest.mark.parametrize(
    ("routes", "stands", "left"),
    [
        ((LARGE, SMALL, OWN), "within", ["large", "small", "own"]),
        ((LARGE, SMALL, OWN), "soft", ["small", "own"]),
        ((LARGE, OWN), "soft", ["large", "own"]),
        ((LARGE, SMALL, OWN), "hard", ["own"]),
        ((LARGE,), "hard", []),
    ],
)
def test_which_models_a_budget_leaves(routes: tuple[ModelRoute, ...], stands: Any, left: list[str]) -> None:
    assert [each.name for each in affordable(routes, stands)] == left


@pytest.mark.parametrize(("spent", "answered_by"), [("0.5", "large"), ("0.8", "small"), ("1.0", "own")])
async def test_what_was_spent_chooses_who_answers(
    services: Services, request_: TurnRequest, spent: str, answered_by: str
) -> None:
    await configure(services, budget={"day_usd": 1})
    async with services.sessions.begin() as session:
        await add_spent(session, request_.site_id, Decimal(spent), 1)
    models = (route(GOOD, name="large"), replace(route(GOOD, name="small"), small=True),
              route(GOOD, name="own", rung="local"))  # fmt: skip

    *_, done = await ask(services, request_, *models)

    assert isinstance(done, Done)
    assert done.answered_by == answered_by
    async with services.sessions() as session:
        details = (await session.scalars(select(Trace.details).where(Trace.id == UUID(done.trace_id)))).one()
    assert details.get("budget", "within") == {"large": "within", "small": "soft", "own": "hard"}[answered_by]


async def test_a_refused_message_begins_nothing(services: Services, request_: TurnRequest) -> None:
    await configure(services, limits={"visitor": {"requests_minute": 1}})
    await ended(services, request_)

    events = await ask(services, anew(request_))

    assert len(events) == 1
    assert not any(isinstance(event, Started) for event in events)
