"""`parley user …`, on the real database."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.attempts import FREE
from app.db.member_sessions import open_sessions
from app.db.members import change_member, member_by_email
from app.members.sign_in import SignIn, SignInRefused
from tests.app.cli.conftest import Parley

Sessions = async_sessionmaker[AsyncSession]
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"


def enters(sessions: Sessions, password: str = PASSWORD) -> bool:
    async def enter() -> None:
        await SignIn(sessions, b"secret of the tests").enter(
            EMAIL, password, address="203.0.113.9", agent="Firefox/140 Linux"
        )

    try:
        asyncio.run(enter())
    except SignInRefused:
        return False
    return True


def add(parley: Parley, *options: str, password: str = PASSWORD) -> None:
    added = parley("user", "add", EMAIL, "--role", "staff", *options, "--password-stdin", stdin=f"{password}\n")
    assert (added.code, "/staff" in added.out) == (0, True), added.err


def test_a_member_is_added_listed_and_changed_by_adding_again(parley: Parley, sessions: Sessions) -> None:
    parley("site", "add", "shop")
    add(parley, "--site", "shop", "--display-name", "Ada")
    assert enters(sessions)

    (listed,) = parley("user", "list", "--json").lines
    assert listed == {
        "email": EMAIL,
        "name": "Ada",
        "role": "staff",
        "sites": ["shop"],
        "state": "active",
        "second_factor": False,
    }
    add(parley, password="another long password")
    assert enters(sessions, "another long password")
    (listed,) = parley("user", "list", "--json").lines
    assert listed["sites"] == ["default"]
    assert EMAIL in parley("user", "list").out


def test_links_are_printed_alone(parley: Parley) -> None:
    first = parley("user", "link")
    assert first.out.startswith("http://127.0.0.1:8000/staff/welcome/")
    assert first.out.count("\n") == 1
    assert "first admin" in first.err
    invited = parley("user", "add", EMAIL, "--role", "admin", "--invite")
    assert invited.out.startswith("http://127.0.0.1:8000/staff/welcome/")
    reset = parley("user", "reset", EMAIL)
    assert reset.out.startswith("http://127.0.0.1:8000/staff/password/")
    again = parley("user", "link")
    assert (again.code, "There is an admin already" in again.err) == (1, True)


def test_links_lead_to_the_address_that_people_use(parley: Parley, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_SERVER__PUBLIC_URL", "https://help.example.com")
    assert parley("user", "link").out.startswith("https://help.example.com/staff/welcome/")


def test_a_member_is_unlocked_disabled_and_enabled(parley: Parley, sessions: Sessions) -> None:
    add(parley)
    for _ in range(FREE):
        assert not enters(sessions, "wrong password")
    assert parley("user", "list", "--json").lines[0]["state"] == "locked"
    assert parley("user", "unlock", EMAIL).code == 0
    assert enters(sessions)
    assert parley("user", "disable", EMAIL).code == 0
    assert not enters(sessions)
    assert parley("user", "disable", EMAIL, "--undo").code == 0
    assert enters(sessions)


def test_sessions_are_listed_and_ended(parley: Parley, sessions: Sessions) -> None:
    add(parley)
    assert enters(sessions)
    assert enters(sessions)

    listed = parley("user", "sessions", "--json").lines

    assert [one["browser"] for one in listed] == ["Firefox on Linux"] * 2
    assert parley("user", "sessions", EMAIL, "--end").out == f"Ended 2 sessions of {EMAIL}.\n"
    assert parley("user", "sessions", EMAIL).out == ""


def test_a_lost_second_factor_is_removed(parley: Parley, sessions: Sessions) -> None:
    add(parley)

    async def lose() -> None:
        async with sessions.begin() as session:
            member = await member_by_email(session, EMAIL)
            assert member is not None
            await change_member(session, member.id, totp_secret=b"lost")

    asyncio.run(lose())
    assert parley("user", "list", "--json").lines[0]["second_factor"] is True
    assert enters(sessions)
    assert parley("user", "reset", EMAIL, "--second-factor").code == 0
    assert parley("user", "list", "--json").lines[0]["second_factor"] is False

    async def left() -> int:
        async with sessions() as session:
            return len(await open_sessions(session))

    assert asyncio.run(left()) == 0


def test_visitors_are_added_as_before_and_listed_apart(parley: Parley) -> None:
    added = parley("user", "add", "kim", "--password-stdin", stdin="eight or more\n")
    assert (added.code, added.out) == (0, "kim can sign in to site default.\n")
    assert parley("user", "list", "--visitors", "--json").lines == [{"name": "kim", "site": "default"}]
    assert parley("user", "list", "--json").lines == []


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "sentence"),
    [
        (["add", EMAIL, "--role", "staff", "--password-stdin"], "short\n", 2, "between 12 and 1,000 characters"),
        (["add", "ada", "--role", "admin", "--invite"], "", 2, "Write an e-mail address"),
        (["add", EMAIL, "--role", "staff", "--site", "nowhere", "--invite"], "", 1, "There is no site nowhere"),
        (["add", "kim", "--invite"], "", 2, "Only staff and admins can be invited"),
        (["add", EMAIL, "--role", "owner"], "", 2, "owner"),
        (["add", EMAIL, "--role", "staff"], "", 2, "--password-stdin"),
        (["reset", EMAIL], "", 1, "There is no member"),
        (["sessions", "--end"], "", 2, "Name the member"),
    ],
)
def test_wrong_use_is_one_sentence(parley: Parley, arguments: list[str], stdin: str, code: int, sentence: str) -> None:
    ran = parley("user", *arguments, stdin=stdin)
    assert (ran.code, sentence in ran.err, "Traceback" in ran.err) == (code, True, False), ran.err
