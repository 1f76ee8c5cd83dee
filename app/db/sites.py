"""Sites: who they are, what their owners set, and how often their knowledge has changed."""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.listen import tell
from app.db.tables import Site

CHANGED = "parley_sites"
"""Channel on which the name of a site is told whose configuration has changed."""


async def site_by_name(session: AsyncSession, name: str) -> Site | None:
    """Return the site of that name, if there is one."""
    return await session.scalar(select(Site).where(Site.name == name))


async def site_by_id(session: AsyncSession, site_id: int) -> Site | None:
    """Return the site of that id, if there is one."""
    return await session.get(Site, site_id)


async def list_sites(session: AsyncSession) -> list[Site]:
    """Return all sites by name."""
    return list(await session.scalars(select(Site).order_by(Site.name)))


async def add_site(session: AsyncSession, name: str, config: dict[str, Any]) -> bool:
    """Make a site with a configuration; False when one of that name exists."""
    made = await session.scalar(
        insert(Site).values(name=name, config=config).on_conflict_do_nothing().returning(Site.id)
    )
    return made is not None


async def configure_site(session: AsyncSession, name: str, config: dict[str, Any], *, version: int) -> bool:
    """Give a site another configuration and tell all processes; False when `version` is not its current one."""
    changed = await session.scalar(
        update(Site)
        .where(Site.name == name, Site.version == version)
        .values(config=config, version=Site.version + 1)
        .returning(Site.id)
    )
    await tell(session, CHANGED, name)
    return changed is not None


async def ensure_site(session: AsyncSession, name: str) -> Site:
    """Return the site of that name; make it if it is new. Safe against another that makes it at the same time."""
    found = await site_by_name(session, name)
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
    await tell(session, CHANGED, name)
