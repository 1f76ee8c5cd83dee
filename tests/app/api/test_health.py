"""What a load balancer and an operator read of a process."""

from dataclasses import replace

from app.api.health import model_states, readiness
from app.embedders import Embedders
from app.wiring import Services
from graph.encoder.hosted import HostedEncoder
from graph.errors import QuotaExhausted
from tests.graph.scripted import route
from tests.waiting import sooner_or_later


async def test_a_model_that_is_not_asked_is_named_and_the_process_stays_ready(services: Services) -> None:
    chain = replace(services, models=(route(name="large"), route(name="own", rung="local")))
    assert await model_states(chain, reachable=True) == [
        {"name": "large", "asked": True},
        {"name": "own", "asked": True},
    ]

    await chain.breakers.failed("large", QuotaExhausted())

    async def told() -> bool:
        return (await model_states(chain, reachable=True))[0] == {
            "name": "large",
            "asked": False,
            "reason": "over quota",
        }

    await sooner_or_later(told)
    assert all((await readiness(chain)).values())


async def test_encoders_are_named_after_the_models(services: Services) -> None:
    far = HostedEncoder("far", model="m", base_url="http://127.0.0.1:9")
    with_one = replace(services, embedders=Embedders([far], services.sessions, services.breakers))

    assert [state["name"] for state in await model_states(with_one, reachable=True)] == ["big", "embedding:far"]


async def test_without_a_database_the_models_are_still_named(services: Services) -> None:
    assert [state["name"] for state in await model_states(services, reachable=False)] == ["big"]
