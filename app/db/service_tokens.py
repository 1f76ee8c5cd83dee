"""Service tokens: what programs show to use the API of one site."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import ServiceToken, Site, User

USED_EVERY = timedelta(minutes=1)
"""How often a token's last use is written down at most."""
_TAKEN = text("""
    SELECT count, extract(epoch FROM ends_at - clock_timestamp())::float8
    FROM rates WHERE key = :key AND ends_at > clock_timestamp()
    ORDER BY ends_at DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a token is for, and how often it may be used."""

    site_id: int
    site: str
    site_made_at: datetime
    per_minute: int
    per_day: int


async def add_token(
    session: AsyncSession,
    *,
    site_id: int,
    name: str,
    token_hash: bytes,
    scopes: Iterable[str],
    per_minute: int,
    per_day: int,
    expires_at: datetime | None,
) -> UUID:
    """Store a new token and return its id."""
    made: UUID = (
        await session.execute(
            insert(ServiceToken)
            .values(
                site_id=site_id,
                name=name,
                token_hash=token_hash,
                scopes=sorted(set(scopes)),
                per_minute=per_minute,
                per_day=per_day,
                expires_at=expires_at,
            )
            .returning(ServiceToken.id)
        )
    ).scalar_one()
    return made


async def use_token(session: AsyncSession, token_hash: bytes) -> ServiceToken | None:
    """Return the token of that hash if it is still good, and write down that it is used."""
    now = func.clock_timestamp()
    long_ago = or_(ServiceToken.used_at.is_(None), ServiceToken.used_at < now - USED_EVERY)
    found = (
        await session.execute(
            select(ServiceToken, long_ago).where(
                ServiceToken.token_hash == token_hash,
                ServiceToken.revoked_at.is_(None),
                or_(ServiceToken.expires_at.is_(None), ServiceToken.expires_at > now),
            )
        )
    ).one_or_none()
    if found is None:
        return None
    token, used_long_ago = found
    if used_long_ago:
        await session.execute(update(ServiceToken).where(ServiceToken.id == token.id, long_ago).values(used_at=now))
    return token


async def allowance(session: AsyncSession, token_id: UUID) -> Allowance | None:
    """What the token may do; None when it is gone."""
    row = (
        await session.execute(
            select(Site.id, Site.name, Site.created_at, ServiceToken.per_minute, ServiceToken.per_day)
            .join(Site, Site.id == ServiceToken.site_id)
            .where(ServiceToken.id == token_id)
        )
    ).one_or_none()
    return Allowance(*row) if row else None


async def taken(session: AsyncSession, key: str) -> tuple[int, float]:
    """How often a limit's key was counted in its current window, and the seconds that are left of that."""
    row = (await session.execute(_TAKEN, {"key": key})).one_or_none()
    return (int(row[0]), max(float(row[1]), 0.0)) if row else (0, 0.0)


async def list_tokens(session: AsyncSession, site: str | None = None) -> list[tuple[ServiceToken, str]]:
    """All tokens with the name of their site, by site and age."""
    query = select(ServiceToken, Site.name).join(Site, Site.id == ServiceToken.site_id)
    if site is not None:
        query = query.where(Site.name == site)
    rows = await session.execute(query.order_by(Site.name, ServiceToken.created_at))
    return [(token, name) for token, name in rows]


async def revoke_token(session: AsyncSession, token_id: UUID) -> bool:
    """Let a token be good for nothing from now on; False when there is no such one. Its counts and name stay."""
    revoked = await session.scalar(
        update(ServiceToken)
        .where(ServiceToken.id == token_id)
        .values(revoked_at=func.coalesce(ServiceToken.revoked_at, func.now()))
        .returning(ServiceToken.id)
    )
    return revoked is not None


async def ensure_program_user(session: AsyncSession, site_id: int, token_id: UUID, user: str | None) -> UUID:
    """Return the id of the visitor on whose behalf a program asks: one for each name that it gives, one for none."""
    identifier = f"api:{token_id}" if user is None else f"api:{token_id}:{user}"
    of_them = select(User.id).where(User.site_id == site_id, User.identifier == identifier)
    known = await session.scalar(of_them)
    if known is not None:
        return known
    await session.execute(insert(User).values(site_id=site_id, identifier=identifier).on_conflict_do_nothing())
    return (await session.scalars(of_them)).one()
