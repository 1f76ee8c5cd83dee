"""`/metrics`: what it counts, who may read it, and that Prometheus can."""

import asyncio
import re
import shutil
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from langchain_core.messages import HumanMessage
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select

from app.access.credentials import Credentials
from app.access.gate import Gate
from app.api.metrics import metrics_routes
from app.db.ledger import Priced
from app.db.sites import configure_site
from app.db.tables import Alert, Usage
from app.metrics import Billed, Metrics
from app.model_files import CHAT, checked
from app.settings import load_settings
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.context import ModelRoute
from graph.errors import KeyRefused, ServerFault
from graph.events import Usage as Used
from graph.models.local import LocalChatModel
from tests.app.turning import GOOD, ask
from tests.graph.scripted import route
from tests.serving import serving

TOKEN = "a token of the tests, long enough"
GUIDE = Path(__file__).parents[3] / "docs" / "budgets.md"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@asynccontextmanager
async def client_of(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server with this route behind the gate."""
    app = FastAPI(openapi_url=None)
    app.include_router(metrics_routes(services))
    credentials = Credentials(services, "secret of the chat page")
    app.add_middleware(Gate, services=services, credentials=credentials, origins=(), hosts=(), body_bytes=1000)
    async with serving(lambda _: app) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


def samples(text: str) -> Samples:
    found = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in found}


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def with_token(services: Services) -> Services:
    environ = {"PARLEY_METRICS__TOKEN": TOKEN, "PARLEY_HOME": str(services.settings.home)}
    return replace(services, settings=load_settings(environ))


async def test_turns_tries_money_and_alerts_are_those_of_the_ledger(services: Services, request_: TurnRequest) -> None:
    priced = {"models": [{"name": "big", "input_usd": 100, "output_usd": 100}]}
    settings = services.settings.model_validate(services.settings.model_dump() | priced)
    models = (route(fault=ServerFault(), name="away"), route(GOOD, name="big"))
    used = replace(services, settings=settings, models=models)
    async with services.sessions.begin() as session:
        await configure_site(session, "shop", {"budget": {"day_usd": 0.000001, "alerts": [0.5]}}, version=0)
    await ask(used, request_)
    await ask(used, replace(request_, conversation_id=uuid4(), message_id=uuid4(), text=" "))  # refused

    async with client_of(used) as client:
        found = samples((await client.get("/metrics")).text)
    async with services.sessions() as session:
        money = await session.scalar(select(func.sum(Usage.cost_usd)))
        given = await session.scalar(select(func.sum(Usage.input_tokens)).where(Usage.route == "big"))
        failed = await session.scalar(select(func.count()).where(Usage.outcome == "failing"))
        alerts = await session.scalar(select(func.count()).select_from(Alert))
    turn = {"site": "shop", "outcome": "done", "rung": "hosted"}
    assert money
    assert value(found, "parley_turns_total", **turn) == 1
    assert value(found, "parley_turn_duration_seconds_count", **turn) == 1
    assert value(found, "parley_tries_total", route="away", outcome="failing") == failed
    assert value(found, "parley_tries_total", route="big", outcome="answer") == 1
    assert value(found, "parley_tokens_total", site="shop", route="big", direction="input") == given
    assert value(found, "parley_cost_usd_total", site="shop", route="big") == pytest.approx(float(money))
    assert value(found, "parley_alerts_total", site="shop") == alerts == 1


async def test_a_route_that_is_not_asked_is_told(services: Services) -> None:
    used = replace(services, models=(route(GOOD, name="one"), route(GOOD, name="other")))
    await services.breakers.failed("one", KeyRefused())

    async with client_of(used) as client:
        found = samples((await client.get("/metrics")).text)

    assert [value(found, "parley_breaker_open", route=name) for name in ("one", "other")] == [1, 0]


async def test_without_the_database_all_but_the_breakers_is_told(services: Services) -> None:
    async with client_of(services) as client:
        async with services.engine.connect() as connection:  # the table is away as if the database were
            await connection.exec_driver_sql("ALTER TABLE breakers RENAME TO gone")
            await connection.commit()
        answer = await client.get("/metrics")

    assert answer.status_code == 200
    assert "parley_breaker_open{" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Authorization": f"Bearer {TOKEN}"}, 200, id="the token"),
        pytest.param({"Authorization": f"bearer {TOKEN}", "X-Forwarded-For": "203.0.113.7"}, 200, id="through a proxy"),
        pytest.param({"Authorization": f"Bearer {TOKEN}x"}, 401, id="another token"),
        pytest.param({"Authorization": "Bearer"}, 401, id="an empty token"),
        pytest.param({"Authorization": f"Basic {TOKEN}"}, 401, id="another scheme"),
        pytest.param({"Authorization": b"Bearer \xff"}, 401, id="no text"),
        pytest.param({}, 401, id="nothing, though from this machine"),
    ],
)
async def test_where_there_is_a_token_only_it_opens(
    services: Services, headers: dict[str, str | bytes], status: int
) -> None:
    async with client_of(with_token(services)) as client:
        answer = await client.get("/metrics", headers=httpx.Headers(headers))  # type: ignore[arg-type]

    assert answer.status_code == status
    assert ("parley_" in answer.text) is (status == 200)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
async def test_without_a_token_only_this_machine_reads_and_through_no_proxy(services: Services, header: str) -> None:
    async with client_of(services) as client:
        direct = await client.get("/metrics")
        through = await client.get("/metrics", headers={header: "127.0.0.1"})

    assert (direct.status_code, through.status_code) == (200, 403)
    assert "metrics.token" in through.text
    assert direct.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.1", 403), ("", 403)])
async def test_without_a_token_other_machines_are_refused(services: Services, address: str, status: int) -> None:
    app = FastAPI()
    app.include_router(metrics_routes(services))
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://parley.test") as client:
        assert (await client.get("/metrics")).status_code == status


async def test_an_unknown_price_is_counted_and_adds_no_money() -> None:
    metrics = Metrics()
    used = Used("m", "hosted", 7, 3, route="m")
    tries = [Priced(used, None), Priced(used, Decimal(2))]
    metrics.turn("done", "hosted", 0.2, Billed("shop", tries, 0))
    metrics.turn("done", "hosted", 0.2, None)

    found = samples(metrics.text([], {}).decode())

    assert value(found, "parley_unpriced_tries_total", site="shop", route="m") == 1
    assert value(found, "parley_cost_usd_total", site="shop", route="m") == 2
    assert value(found, "parley_turns_total", site="shop", outcome="done", rung="hosted") == 1


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
async def test_prometheus_own_check_finds_nothing_wrong(
    services: Services, request_: TurnRequest, tmp_path: Path
) -> None:
    await ask(services, request_)
    async with client_of(services) as client:
        text = (await client.get("/metrics")).content
    (rules,) = re.findall(r"```yaml\n(groups:.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "rules.yml").write_text(rules, encoding="utf-8")

    for arguments, given in ((("check", "metrics"), text), (("check", "rules", str(tmp_path / "rules.yml")), b"")):
        process = await asyncio.create_subprocess_exec(
            "promtool",
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
        )
        said, _ = await process.communicate(given)
        assert process.returncode == 0, said.decode()


async def test_the_rules_of_the_guide_name_metrics_that_there_are(services: Services, request_: TurnRequest) -> None:
    await ask(services, request_)
    async with client_of(services) as client:
        text = (await client.get("/metrics")).text
    there = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE parley_")}

    told = set(re.findall(r"`?(parley_\w+)\b", GUIDE.read_text(encoding="utf-8")))

    assert told == {name for name in there if not name.endswith("_created")}


@pytest.mark.model
async def test_how_busy_the_local_model_is() -> None:
    model = LocalChatModel.open(checked(CHAT), context_tokens=512, slots=1)
    own = ModelRoute("own", "local", model, first_token_s=60, between_tokens_s=60, trusted=True)
    try:
        streams: list[Any] = [model.astream([HumanMessage("Tell a story.")], max_tokens=400) for _ in range(3)]
        writing = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await writing[0]
        busy = samples(Metrics().text([own], {}).decode())
        for task in writing[1:]:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        await streams[0].aclose()
    finally:
        await asyncio.to_thread(model.close)

    assert value(busy, "parley_local_requests", route="own", state="running") == 1
    assert value(busy, "parley_local_requests", route="own", state="waiting") == 2
