"""From identities of a provider to members, on the real database."""

from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.members import list_members
from app.db.sites import ensure_site
from app.members.openid import IdentityRefused, member_of_identity
from app.members.people import add, disable
from app.openid.identity import Identity
from app.settings import OpenId

Sessions = async_sessionmaker[AsyncSession]
CREATING = OpenId(create=True, domains=("Example.com",), sites=("shop",))


def identity(subject: str = "1", email: str = "ada@example.com", issuer: str = "https://id.example.com") -> Identity:
    return Identity(issuer, subject, email, "Ada Lovelace")


async def found(sessions: Sessions, who: Identity, settings: OpenId | None = None) -> UUID:
    async with sessions.begin() as session:
        return await member_of_identity(session, who, settings or OpenId())


async def invited(sessions: Sessions, email: str = "ada@example.com") -> UUID:
    async with sessions.begin() as session:
        return await add(session, email, "Ada", "admin")


async def test_a_member_is_known_by_address_first_and_by_subject_ever_after(sessions: Sessions) -> None:
    ada = await invited(sessions)

    assert await found(sessions, identity()) == ada
    assert await found(sessions, identity(email="ada.new@example.com")) == ada


async def test_an_address_that_the_provider_gave_to_somebody_else_opens_nothing(sessions: Sessions) -> None:
    await invited(sessions)
    await found(sessions, identity("1"))
    with pytest.raises(IdentityRefused, match="another account"):
        await found(sessions, identity("2"))


async def test_a_disabled_member_stays_out(sessions: Sessions) -> None:
    for known, email in ((False, "ada@example.com"), (True, "lee@example.com")):
        ada = await invited(sessions, email)
        if known:
            await found(sessions, identity(email, email))
        async with sessions.begin() as session:
            await disable(session, ada)
        with pytest.raises(IdentityRefused, match="disabled"):
            await found(sessions, identity(email, email))


@pytest.mark.parametrize(
    ("settings", "email"),
    [
        pytest.param(OpenId(domains=("example.com",)), "new@example.com", id="not wanted"),
        pytest.param(CREATING, "new@sub.example.com", id="another domain"),
        pytest.param(CREATING, "example.com@evil.org", id="a domain that looks like it"),
        pytest.param(OpenId(create=True), "new@example.com", id="no domain"),
    ],
)
async def test_strangers_are_refused(sessions: Sessions, settings: OpenId, email: str) -> None:
    with pytest.raises(IdentityRefused, match="There is no account"):
        await found(sessions, identity(email=email), settings)
    async with sessions() as session:
        assert await list_members(session) == []


async def test_an_account_is_made_for_addresses_of_the_domains(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await ensure_site(session, "shop")
    made = await found(sessions, identity(), CREATING)

    assert await found(sessions, identity(), CREATING) == made
    async with sessions() as session:
        (listed,) = await list_members(session)
    assert (listed.member.id, listed.member.role, listed.sites) == (made, "staff", ("shop",))
    assert listed.member.display_name == "Ada Lovelace"
