"""What each role sees of sites and members, and what they can do there, through the pages."""

import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from app.db.attempts import FREE
from app.db.member_sessions import open_sessions
from app.db.members import find_member
from app.db.sites import configure_site, ensure_site
from app.wiring import Services
from tests.app.staff.browsing import PASSWORD, Person, member

Browser = Callable[[], Person]
PEOPLE = {
    "nobody": None,
    "staff of shop": ("staff", "shop"),
    "staff of club": ("staff", "club"),
    "staff of both": ("staff", "shop", "club"),
    "staff of none": ("staff",),
    "admin": ("admin",),
}
PAGES = {
    "/staff": {"staff", "admin"},
    "/staff/account": {"staff", "admin"},
    "/staff/members": {"admin"},
    "/staff/members/{id}": {"admin"},
    "/staff/sites/shop": {"shop", "admin"},
    "/staff/sites/shop/preview": {"shop", "admin"},
    "/staff/sites/shop/knowledge": {"shop", "admin"},
    "/staff/sites/club": {"club", "admin"},
    "/staff/sites/club/preview": {"club", "admin"},
    "/staff/sites/nowhere": set(),
    "/staff/sites/nowhere/preview": set(),
    "/staff/sites/nowhere/knowledge": set(),
}


@pytest.fixture
async def sites(services: Services) -> None:
    async with services.sessions.begin() as session:
        for name in ("shop", "club"):
            await ensure_site(session, name)


@pytest.mark.parametrize("who", PEOPLE)
async def test_every_role_sees_its_pages_and_its_sites(
    services: Services, browser: Browser, sites: None, who: str
) -> None:
    person, kind = browser(), PEOPLE[who]
    id_: UUID = uuid4()
    if kind is not None:
        id_ = await member(services, "ada@example.com", *kind)
        await person.sign_in("ada@example.com")
    for path, allowed in PAGES.items():
        await person.go(path.format(id=id_))
        if kind is None:
            assert person.path == "/staff/sign-in", path
        elif allowed & set(kind):
            assert (person.status, person.path) == (200, path.format(id=id_))
        else:
            assert person.status in (403, 404), path
    if kind is not None:
        await person.go("/staff")
        shown = set(re.findall(r'href="/staff/sites/(\w+)"', person.page.text))
        assert shown == ({"shop", "club"} if kind == ("admin",) else set(kind[1:]))
        assert ("/staff/members" in person.page.text) is (kind == ("admin",))


async def test_a_site_shows_what_is_set_and_the_line_that_embeds_it(
    services: Services, browser: Browser, sites: None
) -> None:
    await member(services, "ada@example.com", "staff", "shop")
    config = {
        "origins": ["https://shop.example.com"],
        "look": {"accent": "#aa0044", "greeting": "<b>Hello</b>", "name": "Marina"},
        "hours": {"monday": "09:00-17:00", "timezone": "Europe/Berlin"},
        "identity": {"secret": "an identity secret, long enough for it"},
    }
    async with services.sessions.begin() as session:
        assert await configure_site(session, "shop", config, version=0)
    person = browser()
    await person.sign_in("ada@example.com")

    text = await person.go("/staff/sites/shop")

    assert '<script src="https://parley.test/widget.js" data-site="shop" async></script>' in text
    for shown in (
        "https://shop.example.com",
        "#aa0044",
        "<b>Hello</b>",
        "Marina",
        "Monday: 09:00-17:00",
        "signed tokens",
    ):
        assert shown in text
    assert "<b>Hello" not in person.page.text
    assert "an identity secret" not in person.page.text
    await person.go("/staff/sites/shop/preview")
    assert '<script src="/widget.js" data-site="shop" async></script>' in person.page.text
    assert "connect-src 'self'" in person.page.headers["content-security-policy"]


async def test_an_admin_invites_somebody_by_a_link_that_is_shown_once(
    services: Services, browser: Browser, sites: None
) -> None:
    await member(services, "ada@example.com", "admin")
    admin, invited = browser(), browser()
    await admin.sign_in("ada@example.com")
    await admin.go("/staff/members")

    await admin.send("/staff/members", email="Lee@Example.com", name="Lee", role="staff", site=["shop", "club"])
    link, where = admin.link, admin.path
    assert link not in await admin.go(where)
    assert "no password yet" in admin.text

    assert "Welcome, Lee" in await invited.go(link)
    await invited.send(link, password=PASSWORD, again=PASSWORD)
    assert set(re.findall(r'href="/staff/sites/(\w+)"', invited.page.text)) == {"shop", "club"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"email": "lee@example.com", "role": "staff"}, "Choose at least one site", id="no site"),
        pytest.param({"email": "ada@example.com", "site": "shop"}, "is a member already", id="known"),
        pytest.param({"email": "lee", "role": "admin"}, "Write an e-mail address", id="no address"),
        pytest.param({"email": "lee@example.com", "site": "nowhere"}, "There is no site nowhere", id="no such site"),
    ],
)
async def test_an_invitation_that_cannot_be_is_explained(
    services: Services, browser: Browser, sites: None, fields: dict[str, str], sentence: str
) -> None:
    await member(services, "ada@example.com", "admin")
    admin = browser()
    await admin.sign_in("ada@example.com")
    await admin.go("/staff/members")
    assert sentence in await admin.send("/staff/members", **fields)
    assert admin.status == 422


async def test_an_admin_changes_role_and_sites_and_both_hold_at_once(
    services: Services, browser: Browser, sites: None
) -> None:
    await member(services, "ada@example.com", "admin")
    lee = await member(services, "lee@example.com", "staff", "shop")
    admin, staff = browser(), browser()
    await admin.sign_in("ada@example.com")
    await staff.sign_in("lee@example.com")
    await admin.go(f"/staff/members/{lee}")

    await admin.send(f"/staff/members/{lee}", role="staff", site="club")
    assert [await _status(staff, f"/staff/sites/{name}") for name in ("shop", "club")] == [404, 200]
    await admin.send(f"/staff/members/{lee}", role="admin")
    assert await _status(staff, "/staff/members") == 200
    await admin.send(f"/staff/members/{lee}", role="staff", site="shop")
    assert await _status(staff, "/staff/members") == 403


async def _status(person: Person, path: str) -> int:
    await person.go(path)
    return person.status


async def test_an_admin_gives_links_unlocks_disables_and_ends_sessions(
    services: Services, browser: Browser, sites: None
) -> None:
    await member(services, "ada@example.com", "admin")
    lee = await member(services, "lee@example.com", "staff", "shop")
    admin, staff = browser(), browser()
    here = f"/staff/members/{lee}"
    await admin.sign_in("ada@example.com")
    for _ in range(FREE):
        await staff.sign_in("lee@example.com", "wrong password")
    assert "locked" in await admin.go(here)
    await admin.send(f"{here}/unlock")
    await staff.sign_in("lee@example.com")
    assert staff.path == "/staff"

    await admin.go(here)
    (session_id,) = re.findall(rf'action="{here}/sessions/([\w-]+)"', admin.page.text)
    await admin.send(f"{here}/sessions/{session_id}")
    await staff.go("/staff")
    assert staff.path == "/staff/sign-in"

    await staff.sign_in("lee@example.com")
    await admin.send(f"{here}/sessions")
    await staff.go("/staff")
    assert staff.path == "/staff/sign-in"

    await admin.send(f"{here}/link")
    link = admin.link
    await admin.send(f"{here}/disable")
    assert "disabled" in admin.text
    await staff.go(link)
    assert staff.status == 410
    assert "wrong" in await staff.sign_in("lee@example.com")
    await admin.send(f"{here}/enable")
    await staff.sign_in("lee@example.com")
    assert staff.path == "/staff"


async def test_an_admin_cannot_lock_themselves_out(services: Services, browser: Browser, sites: None) -> None:
    ada = await member(services, "ada@example.com", "admin")
    admin = browser()
    await admin.sign_in("ada@example.com")
    await admin.go(f"/staff/members/{ada}")
    assert "You cannot take the role from yourself" in await admin.send(
        f"/staff/members/{ada}", role="staff", site="shop"
    )
    assert "You cannot do this to yourself" in await admin.send(f"/staff/members/{ada}/disable")
    async with services.sessions() as session:
        found = await find_member(session, ada)
    assert found is not None
    assert (found.role, found.disabled) == ("admin", False)


async def test_ones_own_password_is_changed_with_the_current_one(services: Services, browser: Browser) -> None:
    await member(services, "ada@example.com", "staff", "shop")
    here, elsewhere = browser(), browser()
    await here.sign_in("ada@example.com")
    await elsewhere.sign_in("ada@example.com")
    await here.go("/staff/account")
    new = {"password": "another long password", "again": "another long password"}

    assert "The current password is wrong." in await here.send("/staff/account/password", current="wrong", **new)
    assert "Your password is changed." in await here.send("/staff/account/password", current=PASSWORD, **new)

    await elsewhere.go("/staff")
    assert elsewhere.path == "/staff/sign-in"
    await elsewhere.sign_in("ada@example.com", "another long password")
    assert elsewhere.path == "/staff"


async def test_ones_own_sessions_are_listed_and_ended_and_nobody_elses(services: Services, browser: Browser) -> None:
    ada = await member(services, "ada@example.com", "staff", "shop")
    lee = await member(services, "lee@example.com", "staff", "shop")
    people = [browser() for _ in range(4)]
    for person in people:
        await person.sign_in("ada@example.com")
    stranger = browser()
    await stranger.sign_in("lee@example.com")
    async with services.sessions() as session:
        (foreign,) = await open_sessions(session, lee)
    here = people[0]
    await here.go("/staff/account")
    assert here.text.count("this browser") == 1
    listed = re.findall(r'action="/staff/account/sessions/([\w-]+)"', here.page.text)
    assert len(listed) == 3

    assert "ended before" in await here.send(f"/staff/account/sessions/{foreign.id}")
    await stranger.go("/staff")
    assert stranger.path == "/staff"
    await here.send(f"/staff/account/sessions/{listed[0]}")
    await here.send("/staff/account/sessions")
    async with services.sessions() as session:
        assert len(await open_sessions(session, ada)) == 1
    await here.go("/staff/account")
    assert here.path == "/staff/account"


NOBODY = UUID("6f9619ff-8b86-4011-b42d-00c04fc964ff")


@pytest.mark.parametrize("path", ["/staff/members/no-id", f"/staff/members/{NOBODY}", "/staff/assets/../desk.py"])
async def test_what_is_not_there_is_not_found(services: Services, browser: Browser, path: str) -> None:
    await member(services, "ada@example.com", "admin")
    admin = browser()
    await admin.sign_in("ada@example.com")
    assert await _status(admin, path) == 404
