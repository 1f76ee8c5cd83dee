"""Signing in with address and password: not too often for one address, nor from one place."""

import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.places import hidden, place_of
from app.db.attempts import attempt, attempt_member
from app.db.members import confirm_password, member_by_email
from app.db.rates import count
from app.members.passwords import LONGEST, check
from app.members.people import normal
from app.members.sessions import keep_sign_in, start
from graph.errors import VisitorError

log = logging.getLogger(__name__)

FROM_ONE_PLACE, FROM_ONE_PLACE_S = 50, 600
"""Tries from one network address within so many seconds, right ones too: an office shares an address."""


class SignInRefused(VisitorError):
    """The e-mail address or the password is wrong."""


class TooOften(SignInRefused):
    """Too many tries. Please wait a few minutes and try again."""


def must_wait(wait_s: float) -> TooOften:
    """The refusal of a try that comes too early."""
    if wait_s <= 90:
        return TooOften(f"Too many tries. Please wait {math.ceil(wait_s)} seconds and try again.")
    return TooOften(f"Too many tries. Please wait {math.ceil(wait_s / 60)} minutes and try again.")


class SignIn:
    """Checks who somebody is who wants to sign in as a member."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], secret: bytes) -> None:
        self._sessions, self._secret = sessions, secret

    async def enter(self, email: str, password: str, *, address: str, agent: str) -> str:
        """Begin a session for the member whose password this is; return the secret for its cookie.

        Unknown names take, and wait, as long as known ones.

        Args:
            address: the network address that the try comes from.
            agent: what the browser calls itself.

        Raises:
            SignInRefused: the name is unknown, the password is wrong, or the member is disabled.
            TooOften: it was tried too often before.
            TooManyChecks: very many wait already.
        """
        async with self._proven(normal(email), password, address) as (session, member_id):
            token = await start(session, member_id, method="password", agent=agent, address=address)
            await keep_sign_in(session, self._secret, member_id, "password")
            return token

    async def prove(self, email: str, password: str, *, address: str) -> None:
        """Check the password of a member who is signed in; raises as `enter` does."""
        async with self._proven(email, password, address):
            pass

    @asynccontextmanager
    async def _proven(self, email: str, password: str, address: str) -> AsyncIterator[tuple[AsyncSession, UUID]]:
        """A transaction in which the password is the right one, and the id of the member whose it is."""
        async with self._sessions.begin() as session:
            key = f"sign-in from {place_of(address)}"
            wait_s = await count(session, key, most=FROM_ONE_PLACE, window_s=FROM_ONE_PLACE_S)
        if wait_s is not None:
            log.warning("too many tries to sign in came from one place")
            raise must_wait(wait_s)
        if len(password) > LONGEST:
            raise SignInRefused
        async with self._sessions.begin() as session:
            member = await member_by_email(session, email)
            if member is not None:
                wait_s = await attempt_member(session, member.id)
            else:
                wait_s = await attempt(session, f"sign-in of {hidden(email)}")
        known = str(member.id) if member else "none"
        if wait_s is not None:
            log.warning("a member must wait to sign in", extra={"member": known, "wait_s": round(wait_s)})
            raise must_wait(wait_s)
        stored = None if member is None or member.disabled else member.password_hash
        checked = await check(stored, password)
        if member is None or stored is None or not checked.right:
            log.info("a sign-in was refused", extra={"member": known})
            raise SignInRefused
        async with self._sessions.begin() as session:
            # A password that is changed meanwhile ends its sessions: this one begins before that, or not at all.
            if not await confirm_password(session, member.id, stored, checked.newer):
                raise SignInRefused
            yield session, member.id
