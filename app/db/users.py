"""Users: people who sign in, and guests."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import User

GUEST = "guest-"
"""Begins the identifier of every guest, and of nobody else."""


async def find_user(session: AsyncSession, site_id: int, identifier: str) -> User | None:
    """Return the site's user of that identifier, if there is one."""
    return await session.scalar(select(User).where(User.site_id == site_id, User.identifier == identifier))


async def ensure_guest(session: AsyncSession, site_id: int, guest: UUID) -> User:
    """Return the guest's row; make it if it is new."""
    identifier = f"{GUEST}{guest}"
    await session.execute(
        insert(User)
        .values(site_id=site_id, identifier=identifier, display_name="Guest")
        .on_conflict_do_nothing(index_elements=[User.site_id, User.identifier])
    )
    found = await find_user(session, site_id, identifier)
    if found is None:
        raise LookupError("a guest vanished while it was made")
    return found


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
