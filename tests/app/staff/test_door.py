"""Signing in and out, one-time links and the second factor, through the pages."""

import base64
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from app.access.keys import derived_key
from app.db.attempts import FREE
from app.db.member_sessions import open_sessions
from app.db.sites import configure_site, ensure_site
from app.members.links import first_link, new_link
from app.members.people import disable
from app.staff.door import next_path
from app.staff.forms import Form, is_ours, token_for
from app.wiring import Services
from tests.app.staff.browsing import ORIGIN, PASSWORD, Person, code_now, member

Browser = Callable[[], Person]
COOKIE = "__Host-parley-staff"


def secret_shown(person: Person) -> bytes:
    """The secret that the page offers to somebody who cannot scan."""
    found = re.search(r"<code>([A-Z2-7]{32})</code>", person.page.text)
    assert found
    return base64.b32decode(found[1])


async def set_up(person: Person) -> bytes:
    await person.go("/staff/second-factor")
    secret = secret_shown(person)
    await person.send("/staff/second-factor", code=code_now(secret), current=PASSWORD)
    assert person.path == "/staff"
    return secret


async def test_the_first_link_makes_the_first_admin_and_nobody_else(services: Services, browser: Browser) -> None:
    async with services.sessions.begin() as session:
        first, second = await first_link(session), await first_link(session)
    assert first is not None
    assert second is not None
    ada, eve = browser(), browser()
    assert "Make the account of the first admin" in await ada.go(first)
    await eve.go(second)

    fields = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD, "again": PASSWORD}
    assert "Your password is set, and you are signed in." in await ada.send(first, **fields)
    assert (ada.path, "Members" in ada.text) == ("/staff", True)
    assert "Your password is set" not in await ada.go("/staff"), "it is said once"
    for person, link in ((ada, first), (eve, second)):
        await person.go(link)
        assert (person.status, "This link was used before" in person.text) == (410, True)
    await eve.go("/staff/sign-in")
    await eve.send(second, **fields)
    assert eve.status == 410


@pytest.mark.parametrize(
    ("fields", "sentence", "focus"),
    [
        ({"again": "another password"}, "The two passwords differ", "again"),
        ({"password": "short", "again": "short"}, "between 12 and 1,000 characters", "password"),
        ({"email": "nobody"}, "Write an e-mail address", "email"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_which_gets_the_focus(
    services: Services, browser: Browser, fields: dict[str, str], sentence: str, focus: str
) -> None:
    async with services.sessions.begin() as session:
        link = await first_link(session)
    person, good = browser(), {"email": "ada@example.com", "name": "Ada", "password": PASSWORD, "again": PASSWORD}
    assert link is not None
    await person.go(link)

    assert sentence in await person.send(link, **(good | fields))

    assert person.status == 422
    (focused,) = re.findall(r"<input [^>]*autofocus[^>]*>", person.page.text)
    assert f'id="{focus}"' in focused
    assert f'aria-describedby="{focus}-error' in focused
    assert PASSWORD not in person.page.text
    assert "you are signed in" in await person.send(link, **good), "the link is still good"


async def test_a_link_for_a_password_ends_the_old_one(services: Services, browser: Browser) -> None:
    id_ = await member(services, "ada@example.com", "admin")
    before, after = browser(), browser()
    await before.sign_in("ada@example.com")
    async with services.sessions.begin() as session:
        link = await new_link(session, "password", id_)
    assert "Choose a new password" in await after.go(link)
    await after.send(link, password="another long password", again="another long password")
    assert after.path == "/staff"
    assert "Sign in" in await before.go("/staff")
    assert "wrong" in await before.sign_in("ada@example.com")


async def test_a_wrong_password_is_one_sentence_and_many_must_wait(services: Services, browser: Browser) -> None:
    await member(services, "ada@example.com")
    person = browser()
    for _ in range(FREE):
        assert "The e-mail address or the password is wrong." in await person.sign_in("ada@example.com", "wrong one")
        assert person.status == 422
        assert 'value="ada@example.com"' in person.page.text
    assert re.search(r"Please wait \d+ seconds and try again", await person.sign_in("ada@example.com"))


async def test_the_cookie_is_out_of_reach_and_signing_out_ends_the_session(
    services: Services, browser: Browser
) -> None:
    await member(services, "ada@example.com", "staff", "shop")
    person = browser()
    await person.go("/staff/sign-in")
    token = re.search(r'form_token" value="(\w+)"', person.page.text)
    assert token
    answer = await person.http.post(
        "/staff/sign-in",
        data={"email": "ada@example.com", "password": PASSWORD, "form_token": token[1]},
        follow_redirects=False,
    )
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE)]
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie

    kept = person.http.cookies[COOKIE]
    await person.go("/staff")
    assert "You have signed out." in await person.send("/staff/sign-out")
    assert COOKIE not in person.http.cookies
    person.http.cookies.set(COOKIE, kept, domain="parley.test")
    await person.go("/staff")
    assert person.path == "/staff/sign-in"


async def test_who_asked_for_a_page_gets_there_and_nowhere_else(services: Services, browser: Browser) -> None:
    await member(services, "ada@example.com", "staff", "shop")
    person = browser()
    await person.go("/staff/sites/shop")
    assert person.path == "/staff/sign-in"
    await person.send("/staff/sign-in", email="ada@example.com", password=PASSWORD)
    assert person.path == "/staff/sites/shop"


@pytest.mark.parametrize(
    "asked",
    ["//evil.org", "https://evil.org", "/staff//evil.org", "/staff\\evil", "/staff/sign-in", "", "/staffx"],
)
def test_no_address_leads_elsewhere_after_the_sign_in(asked: str) -> None:
    assert next_path(asked) == "/staff"


async def test_a_second_factor_is_set_up_and_asked_for(services: Services, browser: Browser) -> None:
    await member(services, "ada@example.com", "staff", "shop")
    person, other = browser(), browser()
    await person.sign_in("ada@example.com")
    await other.sign_in("ada@example.com")
    await person.go("/staff/second-factor")
    offered = secret_shown(person)
    assert "This code is wrong" in await person.send("/staff/second-factor", code="123", current=PASSWORD)
    assert "current password is wrong" in await person.send("/staff/second-factor", code=code_now(offered), current="x")
    assert secret_shown(person) == offered, "a slip of the hand asks for no other scan"
    secret = await set_up(person)

    await other.go("/staff")
    assert other.path == "/staff/sign-in", "sessions with a password alone have ended"
    assert "One more step" in await other.sign_in("ada@example.com")
    for closed in ("/staff", "/staff/members", "/staff/sites/shop", "/staff/account"):
        await other.go(closed)
        assert other.path == "/staff/second-factor"
    half = other.http.cookies[COOKIE]
    code = code_now(secret, 1)
    await other.send("/staff/second-factor", code=f"{code[:3]} {code[3:]}")
    assert other.path == "/staff/account"
    assert other.http.cookies[COOKIE] != half

    third = browser()
    await third.sign_in("ada@example.com")
    assert "used before" in await third.send("/staff/second-factor", code=code)


async def test_a_site_that_asks_for_it_shows_nothing_without(services: Services, browser: Browser) -> None:
    await member(services, "ada@example.com", "staff", "shop", "club")
    async with services.sessions.begin() as session:
        site = await ensure_site(session, "shop")
        await configure_site(session, "shop", {"second_factor": True}, version=site.version)
    person = browser()
    assert "A site that you work for asks for one" in await person.sign_in("ada@example.com")
    for closed in ("/staff", "/staff/account", "/staff/sites/club"):
        await person.go(closed)
        assert person.path == "/staff/second-factor"
    await set_up(person)
    await person.go("/staff/sites/shop")
    assert person.status == 200


async def test_an_offer_of_somebody_else_is_not_taken(services: Services, browser: Browser) -> None:
    for email in ("ada@example.com", "eve@example.com"):
        await member(services, email, "staff", "shop")
    ada, eve = browser(), browser()
    await ada.sign_in("ada@example.com")
    await eve.sign_in("eve@example.com")
    await eve.go("/staff/second-factor")
    secret = secret_shown(eve)
    offer = re.search(r'name="offer" value="([^"]+)"', eve.page.text)
    assert offer
    await ada.go("/staff/second-factor")
    assert "out of date" in await ada.send(
        "/staff/second-factor", offer=offer[1], code=code_now(secret), current=PASSWORD
    )
    assert secret_shown(ada) != secret


async def test_a_disabled_member_is_out_at_the_next_click(services: Services, browser: Browser) -> None:
    id_ = await member(services, "ada@example.com", "staff", "shop")
    person = browser()
    await person.sign_in("ada@example.com")
    async with services.sessions.begin() as session:
        await disable(session, id_)
    await person.go("/staff")
    assert person.path == "/staff/sign-in"


SIGNED_OUT = ["/staff/sign-in"]
SIGNED_IN = [
    "/staff/sign-out",
    "/staff/second-factor",
    "/staff/account/password",
    "/staff/account/second-factor",
    "/staff/account/sessions",
    "/staff/account/sessions/6f9619ff-8b86-4011-b42d-00c04fc964ff",
    "/staff/members",
    "/staff/members/{id}",
    "/staff/members/{id}/disable",
    "/staff/members/{id}/sessions/6f9619ff-8b86-4011-b42d-00c04fc964ff",
]


@pytest.mark.parametrize("path", SIGNED_OUT + SIGNED_IN)
async def test_no_form_is_taken_without_its_token(services: Services, browser: Browser, path: str) -> None:
    id_ = await member(services, "ada@example.com", "admin")
    person, other, stranger = browser(), browser(), browser()
    await other.sign_in("ada@example.com")
    await other.go("/staff")
    await stranger.go("/staff/sign-in")
    if path in SIGNED_IN:
        await person.sign_in("ada@example.com")
    else:
        await person.go(path)
    tokens = [re.findall(r'form_token" value="(\w+)"', one.page.text)[0] for one in (other, stranger)]
    for token in ("", "x", *tokens):
        data = {"form_token": token, "email": "ada@example.com", "password": PASSWORD}
        answer = await person.http.post(path.format(id=id_), data=data, follow_redirects=False)
        assert (answer.status_code, "Please try again" in answer.text) == (400, True)
    async with services.sessions() as session:
        assert len(await open_sessions(session, id_)) == 1 + (path in SIGNED_IN), "nothing has begun or ended"


async def test_forms_from_elsewhere_do_not_pass_the_gate(services: Services, browser: Browser) -> None:
    await member(services, "ada@example.com", "admin")
    person = browser()
    await person.sign_in("ada@example.com")
    person.http.headers["Origin"] = "https://evil.org"
    await person.send("/staff/account/sessions")
    assert person.status == 403


def test_a_form_without_an_owner_is_nobodys() -> None:
    form = Form({"form_token": [token_for(b"secret", b"")]})
    assert not is_ours(b"secret", b"", form)
    assert is_ours(b"secret", b"me", Form({"form_token": [token_for(b"secret", b"me")]}))
    assert derived_key(b"secret", "staff form") != derived_key(b"secret", "member totp")


async def test_pages_are_kept_by_no_cache_and_run_no_inline_script(services: Services, browser: Browser) -> None:
    await member(services, "ada@example.com", "admin", "shop")
    person = browser()
    for path in ("/staff/sign-in", "/staff", "/staff/account", "/staff/sites/shop/preview", "/staff/second-factor"):
        if path == "/staff":
            await person.sign_in("ada@example.com")
        await person.go(path)
        assert person.path == path
        policy = person.page.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert person.page.headers["cache-control"] == "no-store"
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", person.page.text)
        sources = re.findall(r'(?:src|href)="([^"#]+)"', person.page.text)
        assert all(urlsplit(source).netloc in ("", urlsplit(ORIGIN).netloc) for source in sources)
        assert parse_qs(urlsplit(str(person.page.url)).query) == {}
