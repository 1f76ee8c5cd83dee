"""Passwords: hashed with argon2id, checked slowly on purpose, and not too often for one name."""

import asyncio
import time
from collections import OrderedDict
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.tables import Site, User
from app.db.users import GUEST, find_user, renew_hash, store_password
from graph.errors import ConfigError

SHORTEST = 8
LONGEST = 1000
"""Characters. argon2 would take more, and an attacker's megabytes with them."""


class PasswordRefused(ConfigError):
    """The password must have between 8 and 1,000 characters."""


class NameRefused(ConfigError):
    """A name must have between 1 and 200 characters and must not begin with `guest-`."""


async def add_user(session: AsyncSession, site: Site, identifier: str, password: str) -> UUID:
    """Add an account, or give an existing one a new password; return its id. The caller commits.

    Raises:
        NameRefused: the name is empty, too long, or one that guests have.
        PasswordRefused: the password is too short or too long.
    """
    identifier = identifier.strip()
    if not 1 <= len(identifier) <= 200 or identifier.startswith(GUEST):
        raise NameRefused
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordRefused
    hashed = await asyncio.to_thread(PasswordHasher().hash, password)
    return await store_password(session, site.id, identifier, hashed)


class Attempts:
    """Counts failed attempts by name, in this process. After `most` within `window_s`, a name must wait."""

    def __init__(self, most: int = 10, window_s: float = 300, names: int = 10_000) -> None:
        self._most, self._window_s, self._names = most, window_s, names
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def exhausted(self, name: str) -> bool:
        """Whether this name must wait."""
        since = time.monotonic() - self._window_s
        recent = [moment for moment in self._failed.get(name, ()) if moment > since]
        return len(recent) >= self._most

    def failed(self, name: str) -> None:
        """Count a failure. The names that failed longest ago are forgotten first."""
        self._failed.setdefault(name, []).append(time.monotonic())
        self._failed[name] = self._failed[name][-self._most :]
        self._failed.move_to_end(name)
        while len(self._failed) > self._names:
            self._failed.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the failures of this name."""
        self._failed.pop(name, None)


class Passwords:
    """Checks passwords against the users of one site."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], attempts: Attempts | None = None) -> None:
        self._sessions = sessions
        self._attempts = attempts or Attempts()
        self._hasher = PasswordHasher()
        self._one_at_a_time = asyncio.Semaphore(1)  # a check takes 64 MiB and a core
        self._nobody: str | None = None

    async def check(self, site_id: int, identifier: str, password: str) -> User | None:
        """Return the user, or None when name or password is wrong or the name has failed too often.

        An unknown name takes as long as a wrong password, so that nobody learns which names exist.
        """
        identifier = identifier.strip()
        if not identifier or len(identifier) > 200 or len(password) > LONGEST or self._attempts.exhausted(identifier):
            return None
        async with self._sessions() as session:
            user = await find_user(session, site_id, identifier)
        async with self._one_at_a_time:
            right, newer = await asyncio.to_thread(self._verify, user.password_hash if user else None, password)
        if user is None or not right:
            self._attempts.failed(identifier)
            return None
        self._attempts.succeeded(identifier)
        if newer:
            async with self._sessions.begin() as session:
                await renew_hash(session, user, newer)
        return user

    def _verify(self, hashed: str | None, password: str) -> tuple[bool, str | None]:
        """Whether the password is right, and its hash under newer parameters if those have changed."""
        if hashed is None:
            self._nobody = self._nobody or self._hasher.hash("nobody")
            self._matches(self._nobody, password)
            return False, None
        if not self._matches(hashed, password):
            return False, None
        return True, self._hasher.hash(password) if self._hasher.check_needs_rehash(hashed) else None

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
