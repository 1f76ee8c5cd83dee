"""Every route × everybody × every site: who gets in is what the table says, and what is not in it does not exist."""

import re
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from app.access.routes import ROUTES, route_of
from app.access.routes import Route as Named
from app.db.engine import make_engine
from app.db.messages import NewMessage, begin_turn
from app.db.scores import rate
from app.db.sites import ensure_site
from app.wiring import Services
from tests.app.access.callers import Caller, application, callers, client
from tests.app.shop import shop_services

NEEDS = {
    "page": {"page"},
    "widget": {"widget"},
    "member": {"staff", "admin"},
    "admin": {"admin"},
    "chat": {"chat"},
    "embeddings": {"embeddings"},
    "service": {"chat", "embeddings"},
}
KEPT_OUT = {401, 403}
ID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
VALUES = {"number": "1", "file": "x.js", "version": "v", "site": "shop", "model": "shop"}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    """Once for all tests here: Chainlit can be mounted only once in a process."""
    engine = make_engine(module_database_url)
    async with shop_services(engine, tmp_path_factory.mktemp("shop")) as services:
        yield services
    await engine.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(services: Services) -> FastAPI:
    return application(services)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everybody(services: Services, app: FastAPI) -> list[Caller]:
    return await callers(services)


def address(path: str) -> str:
    """An address that fits a path of the table."""
    for name in path.split("{")[1:]:
        name = name.partition("}")[0]
        path = path.replace(f"{{{name}}}", VALUES.get(name.removesuffix("..."), ID))
    return path


def served(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Method and path of every route of ours."""
    for route in routes:
        if isinstance(route, APIRoute | Route):
            yield from ((method, route.path) for method in (route.methods or {"GET"}) - {"HEAD"})
        elif included := getattr(route, "original_router", None):  # FastAPI keeps included routers as they are
            yield from served(included.routes)


def shape(path: str) -> str:
    """A path without the names of its parts; the rest of one is `{*}`."""
    path = re.sub(r"\{\w+(:path|\.\.\.)\}", "{*}", path)
    return re.sub(r"\{\w+(:str)?\}", "{}", path)


def named(method: str, path: str) -> Named | None:
    """The table's row for a route of the application."""
    return next((row for row in ROUTES if method in row.methods and shape(row.path) == shape(path)), None)


async def test_every_route_of_ours_is_in_the_table(app: FastAPI) -> None:
    ours = list(served(app.routes))

    assert len(ours) > 40
    assert not [(method, path) for method, path in ours if not named(method, path)]


async def test_every_row_of_the_table_is_served(app: FastAPI) -> None:
    chainlit = next(route for route in app.routes if isinstance(route, Mount))
    paths = {(method, shape(path)) for method, path in [*served(app.routes), *served(chainlit.routes)]}
    mounts = [mount.path for mount in chainlit.routes if isinstance(mount, Mount)]
    for row in ROUTES:
        for method in row.methods - {"HEAD"}:
            mounted = any(row.path.startswith(path) for path in mounts)
            assert (method, shape(row.path)) in paths or mounted, f"nothing serves {method} {row.path}"


async def test_what_chainlit_serves_beyond_the_table_does_not_exist(app: FastAPI, everybody: list[Caller]) -> None:
    chainlit = next(route for route in app.routes if isinstance(route, Mount))
    admin = next(caller for caller in everybody if caller.kind == "admin")
    page = next(caller for caller in everybody if caller.kind == "page")
    closed = 0
    for method, path in served(chainlit.routes):
        where = path.replace("{", "").replace("}", "").replace(":path", "")
        if route_of(method, where) or named(method, path) or "full_path" in path:
            continue
        closed += 1
        for caller in (admin, page):
            async with client(app, caller) as http:
                assert (await http.request(method, where)).status_code == 404, (method, path)
    assert closed >= 10


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: f"{'+'.join(sorted(row.methods))} {row.path}")
async def test_only_those_get_in_whom_the_table_names(row: Named, app: FastAPI, everybody: list[Caller]) -> None:
    for method in row.methods - {"HEAD"}:
        for caller in everybody:
            async with client(app, caller) as http:
                answer = await http.request(method, address(row.path), follow_redirects=False)
            kept_out = answer.status_code in KEPT_OUT or answer.headers.get("location", "").startswith("/staff/sign-in")
            if row.who == "anyone":
                assert answer.status_code < 500, (method, caller.kind)
            elif caller.kind not in NEEDS[row.who]:
                assert kept_out, (method, caller.kind, caller.site, answer.status_code)
            elif row.site == "path" and caller.site not in ("shop", "all"):
                assert answer.status_code == 404, (method, caller.kind, caller.site, answer.status_code)
            else:
                assert not kept_out, (method, caller.kind, caller.site, answer.status_code, answer.text)
                assert answer.status_code < 500, (method, caller.kind, caller.site, answer.text)


async def test_a_conversation_is_only_its_own_visitors(
    app: FastAPI, everybody: list[Caller], services: Services
) -> None:
    owner = next(caller for caller in everybody if caller.kind == "widget" and caller.site == "shop")
    async with client(app, owner) as http:
        conversation = f"/widget/conversations/{ID}"
        await http.post(f"{conversation}/messages", data={"id": ID, "text": "How long until refunds are paid?"})
        whole = (await http.get(conversation)).json()
        answer = whole["messages"][1]["id"]
    paths = [
        ("GET", conversation, None),
        ("POST", f"{conversation}/handover", {}),
        ("GET", f"/widget/answers/{answer}/events", None),
        ("POST", f"/widget/answers/{answer}/stop", None),
        ("PUT", f"/widget/answers/{answer}/rating", {"value": 1}),
        ("DELETE", f"/widget/answers/{answer}/rating", None),
    ]

    for caller in everybody:
        async with client(app, caller) as http:
            for method, path, body in paths:
                found = await http.request(method, path, json=body)
                if caller is owner:
                    assert found.is_success, (method, path, found.text)
                else:
                    assert found.status_code in (401, 404), (caller.kind, caller.site, method, path)


async def test_pages_and_answers_carry_the_headers_that_protect_them(app: FastAPI, everybody: list[Caller]) -> None:
    nobody = everybody[0]
    async with client(app, nobody) as http:
        for path in ("/", "/healthz", "/widget.js", "/staff/sign-in", "/nothing"):
            headers = (await http.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            scripts = next(part for part in headers["content-security-policy"].split(";") if "-src" in part)
            assert "unsafe-inline" not in scripts
            assert "frame-ancestors" in headers["content-security-policy"]


@pytest_asyncio.fixture(loop_scope="module")
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, Caller("nobody", "none")) as http:
        yield http


async def test_the_widgets_answers_may_be_read_from_every_page_and_no_others(http: httpx.AsyncClient) -> None:
    preflight = await http.options("/widget/session", headers={"Access-Control-Request-Method": "POST"})
    refused = await http.get("/widget/conversations")
    page = await http.get("/readyz")

    assert preflight.status_code == 204
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert refused.status_code == 401
    assert preflight.headers["access-control-allow-origin"] == refused.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in page.headers


async def test_nobody_takes_back_what_another_has_judged(
    app: FastAPI, everybody: list[Caller], services: Services
) -> None:
    one, other = (caller for caller in everybody if caller.kind == "page")
    assert one.id
    async with services.sessions.begin() as session:
        site = await ensure_site(session, "shop")
        question = NewMessage(uuid4(), site.id, one.id, uuid4(), "How long?")
        answer = await begin_turn(session, question, owner=1)
        score = await rate(session, one.id, answer, 1.0, None)
    statuses = []
    for caller in (other, everybody[0], one):
        async with client(app, caller) as http:
            judged = await http.request("DELETE", "/feedback", json={"feedbackId": str(score)})
            statuses.append(judged.status_code)

    assert statuses == [404, 401, 200]


async def test_a_conversation_cannot_be_shared(app: FastAPI, everybody: list[Caller]) -> None:
    page = next(caller for caller in everybody if caller.kind == "page")
    async with client(app, page) as http:
        shared = await http.put("/project/thread/share", json={"threadId": ID, "isShared": True})

    assert shared.status_code == 404


async def test_no_letter_that_a_database_refuses_breaks_the_chat_page(
    app: FastAPI, everybody: list[Caller], services: Services
) -> None:
    page = next(caller for caller in everybody if caller.kind == "page")
    json = {"Content-Type": "application/json"}
    statuses = []
    async with client(app, page) as http:
        for letter in ("\\u0000", "\\ud800"):
            named = f'{{"threadId": "{uuid4()}", "name": "a{letter}b"}}'
            statuses.append((await http.put("/project/thread", content=named, headers=json)).status_code)
            wanted = f'{{"pagination": {{"first": 5}}, "filter": {{"search": "a{letter}b"}}}}'
            statuses.append((await http.post("/project/threads", content=wanted, headers=json)).status_code)
        statuses.append((await http.get(f"/sources/{ID}/{10**30}")).status_code)
        statuses.append((await http.post("/login", data={"username": "a\0b", "password": "x"})).status_code)

    assert statuses == [404, 200, 404, 200, 422, 401]


async def test_an_action_of_a_session_that_has_ended_is_refused(app: FastAPI, everybody: list[Caller]) -> None:
    page = next(caller for caller in everybody if caller.kind == "page")
    async with client(app, page) as http:
        answer = await http.post("/project/action", json={"sessionId": "gone", "action": {"name": "retry"}})

    assert (answer.status_code, answer.json()) == (404, {"detail": "This page is out of date. Please reload it."})


async def test_a_site_that_cannot_be_read_is_told_of(app: FastAPI, everybody: list[Caller], services: Services) -> None:
    admin = next(caller for caller in everybody if caller.kind == "admin")
    async with services.sessions.begin() as session:
        site = await ensure_site(session, "broken")
        site.config = {"unheard of": 1}
    async with client(app, admin) as http:
        answer = await http.get("/staff/sites/broken", headers={"Accept": "text/html"})

    assert answer.status_code == 409
    assert "parley site show" in answer.text
