"""From somebody whom an OpenID provider vouches for to the member who they are here."""

from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.members import add_identity, has_identity, member_by_email, member_by_identity
from app.db.tables import Member
from app.members.people import Role, add
from app.members.sign_in import SignInRefused
from app.openid.identity import Identity
from app.settings import OpenId


class IdentityRefused(SignInRefused):
    """There is no account for your e-mail address here; ask an admin to invite you."""


async def member_of_identity(session: AsyncSession, identity: Identity, settings: OpenId) -> UUID:
    """Return the id of the member: known from earlier, by the verified address, or made if the settings want that.

    Raises:
        IdentityRefused: there is no such member, or one who may not sign in.
        UnknownSite: the settings name a site for new members that does not exist.
    """
    member = await member_by_identity(session, identity.issuer, identity.subject)
    if member is None:
        member = await member_by_email(session, identity.email)
        if member is not None and await has_identity(session, member.id, identity.issuer):
            # The provider has given the address to somebody else since, who is not the member.
            raise IdentityRefused("Your e-mail address belongs to another account of the provider; ask an admin.")
        member_id = member.id if member else await _made(session, identity, settings)
        _let_in(member)
        await add_identity(session, member_id, identity.issuer, identity.subject)
        return member_id
    _let_in(member)
    return member.id


def _let_in(member: Member | None) -> None:
    if member is not None and member.disabled:
        raise IdentityRefused("Your account here is disabled; ask an admin.")


async def _made(session: AsyncSession, identity: Identity, settings: OpenId) -> UUID:
    domain = identity.email.rpartition("@")[2]
    if not settings.create or domain not in {allowed.lower() for allowed in settings.domains}:
        raise IdentityRefused
    return await add(session, identity.email, identity.name, cast("Role", settings.role), settings.sites)
