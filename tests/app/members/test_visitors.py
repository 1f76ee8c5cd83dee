"""Accounts and their passwords, on the real database."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.attempts import FREE
from app.db.sites import ensure_site
from app.db.users import find_user
from app.members.passwords import PasswordRefused
from app.members.visitors import NameRefused, Passwords, add_visitor

Sessions = async_sessionmaker[AsyncSession]
NAME, PASSWORD = "kim@example.org", "correct horse battery"


async def site_with_kim(sessions: Sessions, site: str = "default", password: str = PASSWORD) -> int:
    async with sessions.begin() as session:
        found = await ensure_site(session, site)
        await add_visitor(session, found, NAME, password)
        return found.id


async def test_the_right_password_is_the_only_way_in(sessions: Sessions) -> None:
    site = await site_with_kim(sessions)
    passwords = Passwords(sessions)
    user = await passwords.check(site, f" {NAME} ", PASSWORD)
    assert user is not None
    assert user.password_hash is not None
    assert PASSWORD not in user.password_hash
    assert await passwords.check(site, NAME, PASSWORD + "!") is None
    assert await passwords.check(site, "lee@example.org", PASSWORD) is None
    assert await passwords.check(site, NAME, "") is None


async def test_an_account_of_one_site_opens_no_other(sessions: Sessions) -> None:
    await site_with_kim(sessions, "one")
    other = await site_with_kim(sessions, "other", "another password")
    assert await Passwords(sessions).check(other, NAME, PASSWORD) is None


async def test_adding_again_changes_the_password(sessions: Sessions) -> None:
    site = await site_with_kim(sessions)
    await site_with_kim(sessions, password="a newer password")
    passwords = Passwords(sessions)
    assert await passwords.check(site, NAME, PASSWORD) is None
    assert await passwords.check(site, NAME, "a newer password") is not None


async def test_a_name_that_failed_too_often_must_wait_even_with_the_right_password(sessions: Sessions) -> None:
    site = await site_with_kim(sessions)
    for _ in range(FREE):
        assert await Passwords(sessions).check(site, NAME, "wrong password") is None
    replica = Passwords(sessions)  # nothing is kept in a process
    assert await replica.check(site, NAME, PASSWORD) is None

    await site_with_kim(sessions, password="a newer password")
    assert await replica.check(site, NAME, "a newer password") is not None


async def test_the_right_password_forgets_failures(sessions: Sessions) -> None:
    site = await site_with_kim(sessions)
    passwords = Passwords(sessions)
    for _ in range(2 * FREE):
        await passwords.check(site, NAME, "wrong password")
        if _ % 3 == 0:
            assert await passwords.check(site, NAME, PASSWORD) is not None


async def test_a_guest_has_no_password(sessions: Sessions) -> None:
    site = await site_with_kim(sessions)
    async with sessions() as session:
        assert await find_user(session, site, "guest-1") is None
    assert await Passwords(sessions).check(site, "guest-1", "") is None


@pytest.mark.parametrize(
    ("name", "password", "refused"),
    [
        pytest.param("", PASSWORD, NameRefused, id="no name"),
        pytest.param("guest-7", PASSWORD, NameRefused, id="a guest's name"),
        pytest.param("x" * 201, PASSWORD, NameRefused, id="a long name"),
        pytest.param(NAME, "short", PasswordRefused, id="a short password"),
        pytest.param(NAME, "x" * 1001, PasswordRefused, id="a long password"),
    ],
)
async def test_what_cannot_be_an_account_is_refused(
    sessions: Sessions, name: str, password: str, refused: type[Exception]
) -> None:
    async with sessions.begin() as session:
        site = await ensure_site(session, "default")
        with pytest.raises(refused):
            await add_visitor(session, site, name, password)
