"""The description of the routes, held against them: whatever anybody sends, nothing breaks or answers otherwise."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from app.access.routes import route_of
from app.db.engine import make_engine
from tests.app.access.callers import ORIGIN, Caller, application, callers
from tests.app.access.test_routes import NEEDS, address
from tests.app.shop import shop_services
from tests.serving import serving

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
KINDS = ("nobody", "widget", "chat", "embeddings", "staff")
ADMITTED, KEPT_OUT = 25, 3
"""Requests of each sort to an operation by callers whom it is for, and by others."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
Operation = APIOperation[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """The running application, its description, and everybody of the site `shop`."""

    url: str
    operations: tuple[Operation, ...]
    everybody: dict[str, Caller]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    engine = make_engine(module_database_url)
    async with shop_services(engine, tmp_path_factory.mktemp("shop")) as services:
        app = application(services)
        found = {caller.kind: caller for caller in await callers(services) if caller.site in ("none", "shop")}
        async with serving(lambda _: app) as url:
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                schema = schemathesis.openapi.from_dict((await client.get("/openapi.json")).json())
            operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
            yield Served(url, tuple(operations), found)
    await engine.dispose()


def sent(served: Served, operation: Operation, caller: Caller, mode: GenerationMode, examples: int) -> None:
    """Send so many requests that fit the description, or that do not; fail on the first answer that should not be."""

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def check(case: Case[Any]) -> None:
        answer = case.call(
            base_url=served.url,
            headers={"Origin": ORIGIN, **caller.headers},
            cookies=caller.cookies or None,
            timeout=20,
        )
        case.validate_response(answer, checks=CHECKS)

    check()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
async def test_answers_are_as_described(kind: str, mode: GenerationMode, served: Served) -> None:
    assert len(served.operations) >= 12  # none of them was left out
    wrong = []
    for operation in served.operations:
        found = route_of(operation.method.upper(), address(operation.path))
        assert found is not None, operation.label
        who = found[0].who
        examples = ADMITTED if kind in NEEDS.get(who, {"nobody"}) else KEPT_OUT
        try:
            await asyncio.to_thread(sent, served, operation, served.everybody[kind], mode, examples)
        except Unsatisfiable:
            continue  # nothing can be wrong about a request without parameters
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - all of them are told at once
            causes = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
            wrong += [f"{operation.label}: {type(cause).__name__}: {str(cause)[:700]}" for cause in causes]
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("kind", KINDS)
async def test_methods_that_a_path_does_not_have_are_refused(kind: str, served: Served) -> None:
    caller = served.everybody[kind]
    has: dict[str, set[str]] = {}
    for operation in served.operations:
        has.setdefault(operation.path, set()).add(operation.method.upper())
    async with httpx.AsyncClient(
        base_url=served.url, headers={"Origin": ORIGIN, **caller.headers}, cookies=caller.cookies, trust_env=False
    ) as client:
        for path, methods in has.items():
            for method in METHODS:
                if method not in methods:
                    answer = await client.request(method, address(path))
                    assert 400 <= answer.status_code < 500, (method, path, answer.status_code)
