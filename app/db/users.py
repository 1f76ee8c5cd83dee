"""Users: people who sign in, and guests."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Site, User

GUEST = "guest-"
"""Begins the identifier of every guest, and of nobody else."""


async def find_user(session: AsyncSession, site_id: int, identifier: str) -> User | None:
    """Return the site's user of that identifier, if there is one."""
    return await session.scalar(select(User).where(User.site_id == site_id, User.identifier == identifier))


async def ensure_guest(session: AsyncSession, site_id: int, guest: UUID) -> User:
    """Return the guest's row; make it if it is new."""
    return await ensure_user(session, site_id, f"{GUEST}{guest}", "Guest")


async def ensure_user(session: AsyncSession, site_id: int, identifier: str, name: str | None) -> User:
    """Return the row of somebody known by an identifier; make it if it is new."""
    await session.execute(
        insert(User)
        .values(site_id=site_id, identifier=identifier, display_name=name)
        .on_conflict_do_nothing(index_elements=[User.site_id, User.identifier])
    )
    found = await find_user(session, site_id, identifier)
    if found is None:
        raise LookupError("a user vanished while it was made")
    return found


async def user_of_site(session: AsyncSession, site_id: int, user_id: UUID) -> bool:
    """Whether a site has this user."""
    found = await session.scalar(select(User.id).where(User.id == user_id, User.site_id == site_id))
    return found is not None


async def store_password(session: AsyncSession, site_id: int, identifier: str, password_hash: str) -> UUID:
    """Add a user, or give an existing one a new password; return the user's id."""
    stored: UUID = (
        await session.execute(
            insert(User)
            .values(site_id=site_id, identifier=identifier, password_hash=password_hash)
            .on_conflict_do_update(
                index_elements=[User.site_id, User.identifier], set_={"password_hash": password_hash}
            )
            .returning(User.id)
        )
    ).scalar_one()
    return stored


async def renew_hash(session: AsyncSession, user: User, password_hash: str) -> None:
    """Store the same password under newer parameters."""
    user.password_hash = password_hash
    session.add(user)


async def visitors_with_password(session: AsyncSession) -> list[tuple[str, str]]:
    """Names of the visitors who sign in with a password, each with that of their site."""
    rows = await session.execute(
        select(User.identifier, Site.name)
        .join(Site, Site.id == User.site_id)
        .where(User.password_hash.is_not(None))
        .order_by(Site.name, User.identifier)
    )
    return [(identifier, site) for identifier, site in rows]
