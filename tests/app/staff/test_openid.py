"""Signing in at a provider, through the pages."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from app.openid.provider import provider_of
from app.server import create_app
from app.settings import OpenId
from app.staff.openid import BEGUN
from app.wiring import Services
from tests.app.openid.conftest import provided
from tests.app.openid.double import CLIENT, SECRET, Double
from tests.app.staff.browsing import PASSWORD, Person, code_now, member
from tests.app.staff.test_door import secret_shown


@pytest.fixture
async def provider() -> AsyncIterator[Double]:
    async with provided() as double:
        yield double


def person_at(services: Services, provider: Double, **options: object) -> Person:
    given = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, "name": "Harbour ID"} | options
    openid = OpenId.model_validate(given)
    settings = services.settings.model_copy(update={"openid": openid})
    return Person(create_app(replace(services, settings=settings, openid=provider_of(openid))))


async def through_the_provider(person: Person, path: str = "/staff") -> str:
    """Follow the button of the sign-in page to the provider and back."""
    await person.go(path)
    button = re.search(r'href="(/staff/openid\?next=[^"]+)">Sign in with Harbour ID', person.page.text)
    assert button
    leaving = await person.http.get(button[1], follow_redirects=False)
    async with httpx.AsyncClient() as elsewhere:
        coming = await elsewhere.get(leaving.headers["location"])
    return await person.go(coming.headers["location"])


async def test_a_member_signs_in_at_the_provider_and_gets_to_the_page(services: Services, provider: Double) -> None:
    await member(services, "ada@example.com", "staff", "shop")
    person = person_at(services, provider)

    await through_the_provider(person, "/staff/sites/shop")

    assert (person.path, person.status) == ("/staff/sites/shop", 200)
    assert "with OpenID" in await person.go("/staff/account")


async def test_a_stranger_is_told_why_not_and_has_no_session(services: Services, provider: Double) -> None:
    person = person_at(services, provider)

    assert "There is no account for your e-mail address here" in await through_the_provider(person)

    assert person.status == 403
    await person.go("/staff")
    assert person.path == "/staff/sign-in"


async def test_an_account_is_made_where_the_settings_want_it(services: Services, provider: Double) -> None:
    person = person_at(services, provider, create=True, domains=["example.com"], sites=["shop"])
    await through_the_provider(person)
    assert re.findall(r'href="/staff/sites/(\w+)"', person.page.text) == ["shop"]


async def test_the_provider_is_no_second_factor(services: Services, provider: Double) -> None:
    await member(services, "ada@example.com", "staff", "shop")
    person = person_at(services, provider)
    await through_the_provider(person)
    await person.go("/staff/second-factor")
    secret = secret_shown(person)
    await person.send("/staff/second-factor", code=code_now(secret), current=PASSWORD)
    await person.send("/staff/sign-out")

    assert "One more step" in await through_the_provider(person)
    await person.send("/staff/second-factor", code=code_now(secret, 1))
    assert person.path == "/staff"


async def test_a_way_back_that_nobody_began_is_refused(services: Services, provider: Double) -> None:
    person = person_at(services, provider)
    assert "begin again" in await person.go("/staff/openid/callback?code=x&state=y")
    assert person.status == 403


async def test_one_place_cannot_begin_sign_ins_without_end(services: Services, provider: Double) -> None:
    person = person_at(services, provider)
    for _ in range(BEGUN):
        begun = await person.http.get("/staff/openid", follow_redirects=False)
        assert begun.status_code == 303

    said = await person.go("/staff/openid")

    assert person.status == 403
    assert "Too many tries" in said
