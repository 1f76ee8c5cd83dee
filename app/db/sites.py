"""Sites: who they are, and how often their knowledge has changed."""

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Site


async def find_site(session: AsyncSession, name: str) -> Site | None:
    """Return the site of that name, if there is one."""
    return await session.scalar(select(Site).where(Site.name == name))


async def ensure_site(session: AsyncSession, name: str) -> Site:
    """Return the site of that name; make it if it is new. Safe against another that makes it at the same time."""
    found = await find_site(session, name)
    if found is not None:
        return found
    await session.execute(insert(Site).values(name=name).on_conflict_do_nothing())
    return (await session.scalars(select(Site).where(Site.name == name))).one()


async def knowledge_changed(session: AsyncSession, site_id: int) -> None:
    """Count the site's knowledge version up, and hold off other writers of its documents until the transaction ends."""
    await session.execute(update(Site).where(Site.id == site_id).values(knowledge_version=Site.knowledge_version + 1))


async def delete_site(session: AsyncSession, name: str) -> None:
    """Delete a site with everything that belongs to it."""
    await session.execute(delete(Site).where(Site.name == name))
