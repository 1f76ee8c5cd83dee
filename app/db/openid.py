"""Sign-ins that are under way at an OpenID provider: kept when the browser leaves, taken when it comes back."""

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import OpenIdFlow

LASTS_S = 600


async def keep_flow(session: AsyncSession, *, state_hash: bytes, nonce: str, verifier: str, next_path: str) -> None:
    """Keep a sign-in for ten minutes, and forget those whose time is over."""
    now = func.clock_timestamp()
    await forget_old_flows(session)
    await session.execute(
        insert(OpenIdFlow).values(
            state_hash=state_hash,
            nonce=nonce,
            verifier=verifier,
            next_path=next_path,
            expires_at=now + func.make_interval(0, 0, 0, 0, 0, 0, LASTS_S),
        )
    )


async def take_flow(session: AsyncSession, state_hash: bytes) -> OpenIdFlow | None:
    """Take a sign-in out, so that it is good once; None when it is unknown, taken already or too old."""
    taken: OpenIdFlow | None = await session.scalar(
        delete(OpenIdFlow)
        .where(OpenIdFlow.state_hash == state_hash, OpenIdFlow.expires_at > func.clock_timestamp())
        .returning(OpenIdFlow)
    )
    return taken


async def forget_old_flows(session: AsyncSession) -> None:
    """Remove the sign-ins whose time is over."""
    await session.execute(delete(OpenIdFlow).where(OpenIdFlow.expires_at <= func.clock_timestamp()))
