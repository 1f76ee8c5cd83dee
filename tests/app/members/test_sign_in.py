"""Passwords of members, and how often they may be tried, on the real database."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.keys import token_hash
from app.db.attempts import FIRST_S, FREE, LONGEST_S, attempt, attempt_member, unlock
from app.db.member_sessions import find_session
from app.db.members import find_member
from app.db.tables import Member, Rate
from app.members import passwords, sign_in
from app.members.passwords import Checked, PasswordRefused, TooManyChecks, check, hashed
from app.members.people import MemberRefused, add, chosen, disable, enable, set_password
from app.members.sign_in import SignIn, SignInRefused, TooOften

Sessions = async_sessionmaker[AsyncSession]
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"


async def ada(sessions: Sessions, *, password: str | None = PASSWORD) -> UUID:
    async with sessions.begin() as session:
        member_id = await add(session, EMAIL, "Ada", "admin")
        if password is not None:
            await set_password(session, member_id, await hashed(password))
    return member_id


async def enter(sessions: Sessions, email: str = EMAIL, password: str = PASSWORD, address: str = "203.0.113.9") -> str:
    return await SignIn(sessions, b"secret of the tests").enter(
        email, password, address=address, agent="Firefox/140 (Linux)"
    )


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The stored hashes that passwords were compared with."""
    seen: list[str | None] = []

    async def counted(stored: str | None, password: str) -> Checked:
        seen.append(stored)
        return await check(stored, password)

    monkeypatch.setattr(sign_in, "check", counted)
    return seen


async def test_the_right_password_begins_a_session(sessions: Sessions) -> None:
    member_id = await ada(sessions)

    token = await enter(sessions, " Ada@Example.com ")

    async with sessions() as session:
        found = await find_session(session, token_hash(token))
    assert found is not None
    assert found.member_id == member_id


@pytest.mark.parametrize(
    ("email", "password"),
    [
        pytest.param(EMAIL, "correct horse batterx", id="a wrong password"),
        pytest.param(EMAIL, "", id="no password"),
        pytest.param(EMAIL, "x" * 2000, id="a long password"),
        pytest.param("lee@example.com", PASSWORD, id="nobody"),
    ],
)
async def test_everything_else_is_refused_with_one_sentence(sessions: Sessions, email: str, password: str) -> None:
    await ada(sessions)
    with pytest.raises(SignInRefused, match="The e-mail address or the password is wrong"):
        await enter(sessions, email, password)


async def test_nobody_and_members_without_a_password_take_the_same_check(
    sessions: Sessions, checks: list[str | None]
) -> None:
    member_id = await ada(sessions, password=None)
    for email in (EMAIL, "lee@example.com"):
        with pytest.raises(SignInRefused):
            await enter(sessions, email)
    async with sessions.begin() as session:
        await set_password(session, member_id, await hashed(PASSWORD))
        await disable(session, member_id)
    with pytest.raises(SignInRefused):
        await enter(sessions)

    assert checks == [None, None, None]


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
async def test_of_fifty_wrong_tries_at_once_only_the_free_ones_are_checked(
    sessions: Sessions, checks: list[str | None], email: str
) -> None:
    await ada(sessions)

    tries = (enter(sessions, email, "wrong password", f"203.0.113.{n}") for n in range(50))
    refused = await asyncio.gather(*tries, return_exceptions=True)

    assert len(checks) == FREE
    assert sum(type(one) is TooOften for one in refused) == 50 - FREE
    assert sum(type(one) is SignInRefused for one in refused) == FREE
    with pytest.raises(TooOften, match=r"wait (30|2\d) seconds"):
        await enter(sessions, email)


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::{}", "::{}", "no address"])
async def test_one_place_may_not_try_many_names(
    sessions: Sessions, checks: list[str | None], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(sign_in, "FROM_ONE_PLACE", 3)
    outcomes = [await asyncio.gather(enter(sessions, f"{n}@example.com"), return_exceptions=True) for n in range(5)]

    assert len(checks) == 3
    assert [type(one) for (one,) in outcomes][3:] == [TooOften, TooOften]


async def test_the_right_password_and_a_new_one_forget_failures(sessions: Sessions) -> None:
    member_id = await ada(sessions)
    for _ in range(3):
        for _ in range(FREE - 1):
            with pytest.raises(SignInRefused):
                await enter(sessions, password="wrong password")
        await enter(sessions)
    for _ in range(FREE):
        with pytest.raises(SignInRefused):
            await enter(sessions, password="wrong password")
    with pytest.raises(TooOften):
        await enter(sessions)
    async with sessions.begin() as session:
        await set_password(session, member_id, await hashed("another long password"))
    assert await enter(sessions, password="another long password")


@pytest.mark.parametrize("kind", ["member", "key"])
async def test_waits_grow_up_to_a_bound_and_end(sessions: Sessions, kind: str) -> None:
    member_id = await ada(sessions)

    async def tried() -> float | None:
        async with sessions.begin() as session:
            return await (attempt_member(session, member_id) if kind == "member" else attempt(session, "a key"))

    async def later(seconds: float) -> None:
        async with sessions.begin() as session:
            past = timedelta(seconds=seconds)
            await session.execute(update(Member).values(locked_until=Member.locked_until - past))
            await session.execute(update(Rate).values(ends_at=Rate.ends_at - past))

    assert [await tried() for _ in range(FREE)] == [None] * FREE
    expected = float(FIRST_S)
    for _ in range(8):
        wait_s = await tried()
        assert wait_s is not None
        assert wait_s == pytest.approx(min(expected, LONGEST_S), abs=3)
        await later(wait_s + 1)
        assert await tried() is None, "after the wait one more try is checked"
        expected *= 2
    await later(2 * 24 * 3600)
    assert await tried() is None
    async with sessions.begin() as session:
        await unlock(session, member_id)
    if kind == "member":
        assert [await tried() for _ in range(FREE)] == [None] * FREE


async def test_a_password_that_changes_during_the_check_lets_nobody_in(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    member_id = await ada(sessions)

    async def slow(stored: str | None, password: str) -> Checked:
        async with sessions.begin() as session:
            await set_password(session, member_id, await hashed("another long password"))
        return await check(stored, password)

    monkeypatch.setattr(sign_in, "check", slow)
    with pytest.raises(SignInRefused):
        await enter(sessions)


async def test_who_is_disabled_is_signed_out_and_kept_out_until_enabled(sessions: Sessions) -> None:
    member_id = await ada(sessions)
    token = await enter(sessions)
    async with sessions.begin() as session:
        await disable(session, member_id)
    async with sessions() as session:
        assert await find_session(session, token_hash(token)) is None
    with pytest.raises(SignInRefused):
        await enter(sessions)
    async with sessions.begin() as session:
        await enable(session, member_id)
    assert await enter(sessions)
    async with sessions() as session:
        assert await find_session(session, token_hash(token)) is None, "what has ended stays so"


async def test_the_hash_of_a_password_is_renewed_when_parameters_change(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    member_id = await ada(sessions)
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1))
    await enter(sessions)
    async with sessions() as session:
        member = await find_member(session, member_id)
    assert member is not None
    assert "t=1," in (member.password_hash or "")
    assert await enter(sessions)


async def test_more_checks_than_can_wait_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_MOST_WAITING", 3)
    outcomes = await asyncio.gather(*(check(None, "x") for _ in range(6)), return_exceptions=True)

    assert [type(one) for one in outcomes] == [Checked] * 3 + [TooManyChecks] * 3


async def test_the_loop_goes_on_while_passwords_are_hashed() -> None:
    beats = 0
    hashing = asyncio.gather(*(hashed("x" * 12) for _ in range(4)))
    while not hashing.done():
        await asyncio.sleep(0)
        beats += 1
    assert beats > 100
    assert len(set(await hashing)) == 4


@pytest.mark.parametrize(
    ("password", "accepted"),
    [
        pytest.param("x3!" * 4, False, id="three characters over and over"),
        pytest.param("ada@example.com", False, id="one's own address"),
        pytest.param("elevenchars", False, id="eleven characters"),
        pytest.param("twelve chars", True, id="twelve characters"),
        pytest.param("пароль из слов", True, id="another script"),
        pytest.param("ab cd" * 201, False, id="a book"),
    ],
)
def test_passwords_that_may_be_chosen(password: str, accepted: bool) -> None:
    if accepted:
        assert chosen(password, EMAIL) == password
    else:
        with pytest.raises(PasswordRefused):
            chosen(password, EMAIL)


@pytest.mark.parametrize("email", ["", "ada", "a b@example.com", "@", "x" * 200 + "@example.com"])
async def test_what_is_no_address_is_refused(sessions: Sessions, email: str) -> None:
    async with sessions.begin() as session:
        with pytest.raises(MemberRefused, match="Write an e-mail address"):
            await add(session, email, "Ada", "admin")


async def test_an_address_is_one_member_however_it_is_written(sessions: Sessions) -> None:
    await ada(sessions)
    async with sessions.begin() as session:
        with pytest.raises(MemberRefused, match="member already"):
            await add(session, "ADA@example.com ", "Ada", "staff")
