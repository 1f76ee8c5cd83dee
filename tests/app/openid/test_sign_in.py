import asyncio
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from app.access.keys import token_hash
from app.db.openid import LASTS_S
from app.db.tables import OpenIdFlow
from app.openid.fetch import Fetcher
from app.openid.identity import Identity
from app.openid.keys import ALGORITHMS
from app.openid.provider import Provider, provider_of
from app.openid.refused import OpenIdRefused
from app.openid.sign_in import begin
from app.settings import OpenId
from graph.errors import ConfigError
from tests.app.openid.conftest import ORIGIN, Clock, Desk
from tests.app.openid.double import CLIENT, DISCOVERY, KEYS, PERSON, SECRET, TOKEN, Double, at_hash, make_key
from tests.app.turning import Sessions


async def test_somebody_is_signed_in(desk: Desk, double: Double) -> None:
    identity, next_path = await desk.sign_in("/staff/sites/shop?tab=look")

    assert identity == Identity(double.issuer, "person-1", "ada@example.com", "Ada Lovelace")
    assert next_path == "/staff/sites/shop?tab=look"


async def test_nothing_is_fetched_twice_that_can_be_kept(desk: Desk, double: Double) -> None:
    await asyncio.gather(*(desk.sign_in() for _ in range(5)))

    assert (double.asked[DISCOVERY], double.asked[KEYS], double.asked[TOKEN]) == (1, 1, 5)


async def test_what_is_kept_grows_old(desk: Desk, double: Double, clock: Clock) -> None:
    await desk.sign_in()
    clock.now += 3599
    await desk.sign_in()
    assert (double.asked[DISCOVERY], double.asked[KEYS]) == (1, 1)

    clock.now += 1
    await desk.sign_in()

    assert (double.asked[DISCOVERY], double.asked[KEYS]) == (2, 2)


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
async def test_every_accepted_algorithm_is_understood(desk: Desk, double: Double, alg: str) -> None:
    double.key = make_key(alg)
    double.claims = {"at_hash": at_hash("opened", {"256": "sha256", "384": "sha384"}.get(alg[-3:], "sha512"))}

    identity, _ = await desk.sign_in()

    assert identity.subject == "person-1"


async def test_the_hash_of_the_access_token_is_made_as_the_standard_shows_it(desk: Desk, double: Double) -> None:
    double.key = make_key("RS256")
    double.token = {"access_token": "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"}
    double.claims = {"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}  # OpenID Connect Core 1.0, appendix A.3

    assert (await desk.sign_in())[0].subject == "person-1"


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post", "none"])
async def test_the_client_shows_its_secret_as_the_provider_wants_it(
    desk: Desk, double: Double, openid: OpenId, auth_method: str
) -> None:
    double.auth_method = auth_method
    if auth_method == "none":
        desk = desk.using(Provider(openid.model_copy(update={"client_secret": None})))

    identity, _ = await desk.sign_in()

    assert identity.subject == "person-1"


async def test_a_key_without_a_name_is_found_if_it_is_the_only_one(desk: Desk, double: Double) -> None:
    other_kind = make_key("RS256", kid="other").published()
    double.keys = [other_kind, {name: value for name, value in double.key.published().items() if name != "kid"}]
    double.header = {"kid": None}

    assert (await desk.sign_in())[0].subject == "person-1"


@pytest.mark.parametrize(
    "missing",
    [{"email": None, "email_verified": None, "name": None}, {"email_verified": None}],
    ids=["all", "verified"],
)
async def test_what_the_statement_leaves_out_is_asked_for(desk: Desk, double: Double, missing: dict[str, None]) -> None:
    double.claims = missing
    double.person = {"sub": "person-1", "email": "ada@b.example", "email_verified": "true", "name": "A\u202eda\n L."}

    identity, _ = await desk.sign_in()

    assert identity == Identity(double.issuer, "person-1", "ada@b.example", "A da L.")
    assert double.asked[PERSON] == 1


async def test_several_audiences_are_right_if_we_are_the_authorized_party(desk: Desk, double: Double) -> None:
    double.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}

    assert (await desk.sign_in())[0].subject == "person-1"


@pytest.mark.parametrize("seconds", [{"exp": -50}, {"iat": 50, "nbf": 50}], ids=["behind", "ahead"])
async def test_clocks_may_differ_a_little(desk: Desk, double: Double, seconds: dict[str, int]) -> None:
    double.claims = {name: int(time.time()) + value for name, value in seconds.items()}

    assert (await desk.sign_in())[0].subject == "person-1"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/staff\\..\\evil",
        "/staffs",
        "/chat",
        "",
        "/staff/\r\nSet-Cookie: a=b",
        "/staff/" + "a" * 2000,
    ],
)
async def test_the_way_on_stays_with_us(desk: Desk, path: str) -> None:
    _, next_path = await desk.sign_in(path)

    assert next_path == "/staff"


async def test_of_the_secrets_only_a_hash_of_the_state_is_kept(desk: Desk, sessions: Sessions) -> None:
    url, cookie = await begin(desk.services, "/staff", origin=ORIGIN)

    async with sessions() as session:
        (flow,) = await session.scalars(select(OpenIdFlow))
    assert flow.state_hash == token_hash(cookie)
    assert flow.verifier not in url
    assert f"nonce={flow.nonce}" in url


async def test_a_state_is_good_once_however_many_bring_it(desk: Desk, double: Double) -> None:
    query, cookie = await desk.go()

    done = await asyncio.gather(*(desk.come_back(query, cookie) for _ in range(10)), return_exceptions=True)

    assert sorted(getattr(one, "reason", "signed in") for one in done) == ["signed in"] + ["used"] * 9
    assert double.asked[TOKEN] == 1


async def test_a_sign_in_lasts_ten_minutes(desk: Desk, sessions: Sessions) -> None:
    query, cookie = await desk.go()
    await _age(sessions, LASTS_S - 5)
    other_query, other_cookie = await desk.go()
    await desk.come_back(query, cookie)
    await _age(sessions, LASTS_S + 1)

    with pytest.raises(OpenIdRefused) as refused:
        await desk.come_back(other_query, other_cookie)

    assert refused.value.reason == "used"


async def test_what_nobody_came_back_for_is_forgotten(desk: Desk, sessions: Sessions) -> None:
    await desk.go()
    await _age(sessions, LASTS_S + 1)

    await desk.go()

    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(OpenIdFlow)) == 1


async def test_without_a_provider_it_is_off(desk: Desk) -> None:
    with pytest.raises(OpenIdRefused) as refused:
        await begin(replace(desk.services, openid=provider_of(OpenId())), "/staff", origin=ORIGIN)

    assert refused.value.reason == "off"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"issuer": "http://id.example.com"}, "openid.issuer", id="no https"),
        pytest.param({"issuer": "https://id.example.com/?a=b"}, "openid.issuer", id="query"),
        pytest.param({"issuer": "https://"}, "openid.issuer", id="no host"),
        pytest.param({"client_id": None}, "openid.client_id", id="no client"),
        pytest.param({"scopes": "email profile"}, "openid.scopes", id="scopes"),
        pytest.param({"create": True}, "openid.domains", id="accounts for everybody"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values: dict[str, object], named: str) -> None:
    settings = OpenId.model_validate({"issuer": "https://id.example.com", "client_id": CLIENT} | values)

    with pytest.raises(ConfigError, match=named.replace(".", r"\.")):
        provider_of(settings)


def test_settings_that_agree_give_a_provider() -> None:
    settings = {"issuer": "https://id.example.com/realm", "client_id": CLIENT, "client_secret": SECRET, "create": True}

    assert provider_of(OpenId.model_validate(settings | {"domains": ["example.com"]})) is not None


async def test_a_provider_that_is_down_is_not_asked_by_everybody(desk: Desk, openid: OpenId, clock: Clock) -> None:
    asked = 0

    class Down(Fetcher):
        async def get(self, url: str, *, bearer: str | None = None) -> dict[str, object]:
            nonlocal asked
            asked += 1
            raise OpenIdRefused("unreachable", "ConnectError")

    desk = desk.using(Provider(openid, fetcher=Down(), clock=clock))
    done = await asyncio.gather(*(desk.go() for _ in range(20)), return_exceptions=True)
    assert [getattr(one, "reason", None) for one in done] == ["unreachable"] * 20
    assert asked == 1

    clock.now += 5
    with pytest.raises(OpenIdRefused):
        await desk.go()
    assert asked == 2


async def _age(sessions: Sessions, seconds: float) -> None:
    """Let every sign-in that is under way be older."""
    async with sessions.begin() as session:
        older = OpenIdFlow.expires_at - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        await session.execute(update(OpenIdFlow).values(expires_at=older))
