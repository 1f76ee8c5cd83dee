"""The ledger: every try has a line, and the sums agree with the lines."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from random import Random

from sqlalchemy import func, select

from app.db.ledger import Priced, enter
from app.db.tables import Span, Spend, Trace, Usage
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.errors import ServerFault
from graph.events import Failed
from graph.events import Usage as Used
from tests.app.turning import GOOD, ask
from tests.graph.scripted import route


async def test_what_was_spent_is_the_sum_of_the_lines_however_many_turns_end_at_once(
    services: Services, request_: TurnRequest
) -> None:
    await ask(services, request_)
    random = Random(7)  # noqa: S311 - amounts only

    async def turn() -> None:
        tries = [
            Priced(
                Used("m", "hosted", random.randrange(5000), random.randrange(500), route="m"),
                random.choice([None, Decimal(random.randrange(10**9)) / 10**10]),
            )
            for _ in range(random.randrange(4))
        ]
        async with services.sessions.begin() as session:
            await enter(session, request_.site_id, trace_id, tries)

    async with services.sessions() as session:
        trace_id = (await session.scalars(select(Trace.id))).one()
    await asyncio.gather(*(turn() for _ in range(40)))

    async with services.sessions() as session:
        lines = (
            await session.execute(select(func.sum(Usage.cost_usd), func.sum(Usage.input_tokens + Usage.output_tokens)))
        ).one()
        spent = (await session.execute(select(Spend.period, Spend.cost_usd, Spend.tokens))).all()
    assert lines[0]
    assert sorted(spent) == [("day", *lines), ("month", *lines)]


async def test_tries_that_failed_have_lines_and_spans_of_their_own(services: Services, request_: TurnRequest) -> None:
    models = (route(fault=ServerFault(), name="away"), route(GOOD))
    broken = replace(services, models=models)
    events = await ask(broken, request_)

    async with services.sessions() as session:
        lines = (await session.execute(select(Usage.route, Usage.outcome).order_by(Usage.id))).all()
        details = list(await session.scalars(select(Span.detail).where(Span.name == "model").order_by(Span.id)))
    assert not isinstance(events[-1], Failed)
    assert lines[-1][1] == "answer"
    assert {outcome for name, outcome in lines if name == "away"} == {"failing"}
    assert [detail.split(" · ")[1] for detail in details] == [outcome for _, outcome in lines]
