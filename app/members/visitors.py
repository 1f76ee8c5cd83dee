"""Visitors who sign in to the chat page with a password."""

import hashlib
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.attempts import attempt
from app.db.rates import forget
from app.db.tables import Site, User
from app.db.users import GUEST, find_user, renew_hash, store_password
from app.members.passwords import LONGEST, acceptable, check, hashed
from app.storable import storable
from graph.errors import ConfigError

SHORTEST = 8


class NameRefused(ConfigError):
    """A name must have between 1 and 200 characters and must not begin with `guest-`."""


async def add_visitor(session: AsyncSession, site: Site, identifier: str, password: str) -> UUID:
    """Add an account, or give an existing one a new password; return its id. The caller commits.

    Raises:
        NameRefused: the name is empty, too long, or one that guests have.
        PasswordRefused: the password is too short or too long.
    """
    identifier = identifier.strip()
    if not 1 <= len(identifier) <= 200 or identifier.startswith(GUEST):
        raise NameRefused
    hash_ = await hashed(acceptable(password, shortest=SHORTEST))
    user_id = await store_password(session, site.id, identifier, hash_)
    await forget(session, _key(site.id, identifier))
    return user_id


class Passwords:
    """Checks passwords against the visitors of one site."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def check(self, site_id: int, identifier: str, password: str) -> User | None:
        """Return the user, or None when name or password is wrong or the name has failed too often.

        An unknown name takes as long as a wrong password, so that nobody learns which names exist.

        Raises:
            TooManyChecks: very many wait already.
        """
        identifier = storable(identifier).strip()
        if not identifier or len(identifier) > 200 or len(password) > LONGEST:
            return None
        key = _key(site_id, identifier)
        async with self._sessions.begin() as session:
            if await attempt(session, key) is not None:
                return None
            user = await find_user(session, site_id, identifier)
        checked = await check(user.password_hash if user else None, password)
        if user is None or not checked.right:
            return None
        async with self._sessions.begin() as session:
            await forget(session, key)
            if checked.newer:
                await renew_hash(session, user, checked.newer)
        return user


def _key(site_id: int, identifier: str) -> str:
    """Under which the tries of a name are counted. Hashed: people type passwords into fields for names."""
    return f"visitor {site_id} {hashlib.sha256(identifier.encode()).hexdigest()}"
