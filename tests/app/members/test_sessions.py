"""Sessions, links and second factors of members, on the real database."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from app.access.keys import token_hash
from app.access.principal import Principal
from app.db.member_links import keep_link
from app.db.member_sessions import end_session, end_sessions, open_sessions
from app.db.members import change_member
from app.db.sites import configure_site, ensure_site
from app.db.tables import Member, MemberSession
from app.members.links import LinkRefused, first_link, new_link, open_link, use_for_first_admin, use_for_password
from app.members.people import Role, add, disable, place, set_password
from app.members.second_factor import CodeRefused, SecondFactor, new_offer, offered, remove
from app.members.sessions import described, member_of, raise_session, signed_in, start
from app.members.sign_in import TooOften
from app.members.totp import as_address, code_at, step_of
from app.wiring import Services

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def member(services: Services, role: Role = "staff", *sites: str, email: str = "ada@example.com") -> UUID:
    async with services.sessions.begin() as session:
        for site in sites:
            await ensure_site(session, site)
        return await add(session, email, "Ada", role, sites)


async def begun(services: Services, member_id: UUID) -> str:
    async with services.sessions.begin() as session:
        return await start(session, member_id, method="password", agent=AGENT, address="203.0.113.9")


async def aged(services: Services, column: str, by: timedelta) -> None:
    async with services.sessions.begin() as session:
        await session.execute(update(MemberSession).values({column: getattr(MemberSession, column) - by}))


async def principal(services: Services, token: str) -> Principal:
    found = await member_of(services, token)
    assert found is not None
    return found


async def test_staff_see_their_sites_and_admins_all(services: Services) -> None:
    staff = await begun(services, await member(services, "staff", "shop", "club"))
    admin = await begun(services, await member(services, "admin", email="root@example.com"))

    async with services.sessions() as session:
        ids = {name: (await ensure_site(session, name)).id for name in ("shop", "club")}
    assert (await principal(services, staff)).site_ids == frozenset(ids.values())
    assert (await principal(services, staff)).kind == "staff"
    assert (await principal(services, admin)).site_ids is None
    assert (await principal(services, admin)).kind == "admin"


async def test_another_role_or_site_holds_at_once(services: Services) -> None:
    id_ = await member(services, "staff", "shop", "club")
    token = await begun(services, id_)
    async with services.sessions.begin() as session:
        await place(session, id_, "staff", ["club"])
        club = await ensure_site(session, "club")
    assert (await principal(services, token)).site_ids == frozenset({club.id})
    async with services.sessions.begin() as session:
        await place(session, id_, "admin", [])
    assert (await principal(services, token)).kind == "admin"


@pytest.mark.parametrize(
    ("column", "by", "good"),
    [
        pytest.param("seen_at", timedelta(hours=11, minutes=59), True, id="idle for less than 12 hours"),
        pytest.param("seen_at", timedelta(hours=12, minutes=1), False, id="idle for longer"),
        pytest.param("expires_at", timedelta(days=6, hours=23), True, id="begun less than 7 days ago"),
        pytest.param("expires_at", timedelta(days=7, minutes=1), False, id="begun longer ago"),
    ],
)
async def test_a_session_ends_when_it_is_idle_or_old(
    services: Services, column: str, by: timedelta, good: bool
) -> None:
    token = await begun(services, await member(services))
    await aged(services, column, by)

    assert (await member_of(services, token) is not None) is good


async def test_use_is_written_down_once_a_minute_at_most(services: Services) -> None:
    token = await begun(services, await member(services))

    async def seen() -> object:
        await principal(services, token)
        async with services.sessions() as session:
            return (await open_sessions(session))[0].seen_at

    first = await seen()
    assert await seen() == first
    await aged(services, "seen_at", timedelta(seconds=61))
    later = await seen()
    assert later > first  # type: ignore[operator]
    assert await seen() == later


@pytest.mark.parametrize("token", ["", "x" * 43, "x" * 10_000, "ä" * 43, "\0"])
async def test_what_is_no_token_is_nobody(services: Services, token: str) -> None:
    await begun(services, await member(services))
    assert await member_of(services, token) is None


async def test_only_the_hash_of_a_token_is_stored(services: Services) -> None:
    token = await begun(services, await member(services))
    async with services.sessions() as session:
        stored = str((await session.execute(text("SELECT * FROM member_sessions"))).all())
    assert token not in stored
    assert token_hash(token).hex() not in token


async def test_sessions_end_one_by_one_all_but_one_and_all(services: Services) -> None:
    id_, other = await member(services), await member(services, email="lee@example.com")
    tokens = [await begun(services, id_) for _ in range(4)]
    foreign = await begun(services, other)
    sessions = [(await principal(services, token)).session_id for token in tokens]
    first, second = sessions[0], sessions[1]
    assert first is not None
    assert second is not None

    async with services.sessions.begin() as session:
        assert not await end_session(session, first, member_id=other), "not theirs"
        assert await end_session(session, first, member_id=id_)
        assert not await end_session(session, first)
        assert await end_sessions(session, id_, but=second) == 2
        assert [one.id for one in await open_sessions(session, id_)] == [second]
        assert await end_sessions(session, id_) == 1

    assert [await member_of(services, token) for token in tokens] == [None] * 4
    assert await member_of(services, foreign) is not None


@pytest.mark.parametrize("change", ["password", "disable", "second factor"])
async def test_sessions_end_with_what_they_began_with(services: Services, change: str) -> None:
    id_ = await member(services)
    token, kept = await begun(services, id_), await begun(services, id_)
    keep = (await principal(services, kept)).session_id
    async with services.sessions.begin() as session:
        if change == "password":
            await set_password(session, id_, "a hash", keep_session=keep)
        elif change == "disable":
            await disable(session, id_)
        else:
            await remove(session, id_, keep_session=keep)
    assert await member_of(services, token) is None
    assert (await member_of(services, kept) is None) is (change == "disable")


@pytest.mark.parametrize(
    ("agent", "text_"),
    [
        (AGENT, "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("<script>", "A browser"),
    ],
)
def test_a_browser_is_described_in_a_few_words(agent: str, text_: str) -> None:
    assert described(agent) == text_


# Links


async def test_a_link_lets_in_once(services: Services) -> None:
    id_ = await member(services)
    async with services.sessions.begin() as session:
        token = (await new_link(session, "invite", id_)).rpartition("/")[2]

    async def use() -> bool:
        try:
            async with services.sessions.begin() as session:
                await use_for_password(session, token, id_, "a hash")
        except LinkRefused:
            return False
        return True

    assert sorted(await asyncio.gather(*(use() for _ in range(5)))) == [False] * 4 + [True]


async def test_a_new_link_replaces_the_old_and_a_password_ends_both(services: Services) -> None:
    id_ = await member(services)
    async with services.sessions.begin() as session:
        old, new = [(await new_link(session, "password", id_)).rpartition("/")[2] for _ in range(2)]
        with pytest.raises(LinkRefused):
            await open_link(session, old)
        assert (await open_link(session, new)).member_id == id_
        await set_password(session, id_, "a hash")
        with pytest.raises(LinkRefused):
            await open_link(session, new)


async def test_a_link_ends_with_its_time(services: Services) -> None:
    async with services.sessions.begin() as session:
        await keep_link(session, token_hash("token"), "first_admin", None, timedelta(seconds=-1))
        with pytest.raises(LinkRefused):
            await open_link(session, "token")


async def test_there_is_one_first_admin_whoever_holds_links(services: Services) -> None:
    async with services.sessions.begin() as session:
        tokens = [str(await first_link(session)).rpartition("/")[2] for _ in range(5)]

    async def use(n: int) -> bool:
        try:
            async with services.sessions.begin() as session:
                await use_for_first_admin(session, tokens[n], f"{n}@example.com", "", "a hash")
        except LinkRefused:
            return False
        return True

    assert sorted(await asyncio.gather(*(use(n) for n in range(5)))) == [False] * 4 + [True]
    async with services.sessions.begin() as session:
        assert await first_link(session) is None
        for token in tokens:
            with pytest.raises(LinkRefused):
                await open_link(session, token)


# Second factor


@pytest.mark.parametrize(
    ("at_s", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(at_s: int, code: str) -> None:
    """The examples of RFC 6238, appendix B, of which apps show the last six digits."""
    secret = b"12345678901234567890"
    assert code_at(secret, at_s // 30) == code
    assert step_of(secret, f" {code[:3]} {code[3:]}", at_s) == at_s // 30
    for away, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        if (step := at_s // 30 + away) > 0:  # the first example is from the beginning of 1970
            assert (step_of(secret, code, step * 30) is not None) is good


def test_an_address_for_apps_names_account_and_issuer() -> None:
    assert as_address(b"12345678901234567890", issuer="Harbour & Sons", name="ada@example.com") == (
        "otpauth://totp/Harbour%20%26%20Sons:ada%40example.com"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Harbour%20%26%20Sons"
    )


async def with_second_factor(services: Services, id_: UUID) -> tuple[SecondFactor, bytes]:
    factor, totp = SecondFactor(services.sessions, services.secret), b"12345678901234567890"
    await factor.set_up(id_, totp, code_at(totp, int(time.time()) // 30))
    async with services.sessions.begin() as session:
        await change_member(session, id_, totp_step=None)  # so that this moment's code is still to be used
    return factor, totp


async def test_a_session_waits_for_the_code_and_gets_another_token_with_it(services: Services) -> None:
    id_ = await member(services)
    token = await begun(services, id_)
    before = await principal(services, token)
    await with_second_factor(services, id_)

    assert await member_of(services, token) is None
    found = await signed_in(services, token)
    assert found is not None
    assert found.stage == "code"
    async with services.sessions.begin() as session:
        newer = await raise_session(session, found.session_id)
    assert await principal(services, newer) == before
    assert await signed_in(services, token) is None


async def test_a_code_is_good_once(services: Services) -> None:
    id_ = await member(services)
    factor, totp = await with_second_factor(services, id_)
    code = code_at(totp, int(time.time()) // 30)

    outcomes = await asyncio.gather(*(factor.check(id_, code) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in outcomes if one is not None] == [CodeRefused] * 2
    earlier = code_at(totp, int(time.time()) // 30 - 1)
    with pytest.raises(CodeRefused):
        await factor.check(id_, earlier)


async def test_codes_cannot_be_tried_out(services: Services) -> None:
    id_ = await member(services)
    factor, totp = await with_second_factor(services, id_)
    right = code_at(totp, int(time.time()) // 30)
    wrong = f"{(int(right) + 1) % 10**6:06}"

    outcomes = await asyncio.gather(*(factor.check(id_, wrong) for _ in range(50)), return_exceptions=True)

    assert sum(type(one) is CodeRefused for one in outcomes) == 5
    assert sum(type(one) is TooOften for one in outcomes) == 45
    with pytest.raises(TooOften):
        await factor.check(id_, right)


async def test_the_secret_is_stored_encrypted_for_its_member(services: Services) -> None:
    id_, other = await member(services), await member(services, email="lee@example.com")
    factor, totp = await with_second_factor(services, id_)
    async with services.sessions.begin() as session:
        stored = (await session.scalars(select(Member.totp_secret).where(Member.id == id_))).one()
        await change_member(session, other, totp_secret=stored)
    assert stored is not None
    assert totp not in stored
    with pytest.raises(CodeRefused):
        await factor.check(other, code_at(totp, int(time.time()) // 30))


def test_an_offer_is_for_one_session() -> None:
    session, other = UUID(int=1), UUID(int=2)
    offer = new_offer(b"secret", session)
    assert len(offered(b"secret", offer, session) or b"") == 20
    assert offered(b"secret", offer, other) is None
    assert offered(b"another", offer, session) is None
    assert offered(b"secret", "no base 64!", session) is None


@pytest.mark.parametrize(
    ("role", "sites", "stage"), [("staff", ["shop"], "set-up"), ("staff", ["club"], "in"), ("admin", [], "set-up")]
)
async def test_a_site_may_ask_for_a_second_factor(services: Services, role: Role, sites: list[str], stage: str) -> None:
    async with services.sessions.begin() as session:
        site = await ensure_site(session, "shop")
        assert await configure_site(session, "shop", {"second_factor": True}, version=site.version)
    token = await begun(services, await member(services, role, *sites))

    found = await signed_in(services, token)

    assert found is not None
    assert found.stage == stage
    assert (await member_of(services, token) is not None) is (stage == "in")
