"""The second factor: a code of an authenticator app, beside the password."""

import base64
import binascii
import os
import time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.attempts import attempt
from app.db.member_sessions import end_sessions
from app.db.members import change_member, find_member, use_step
from app.db.rates import forget
from app.members.sealing import seal, unseal
from app.members.sign_in import SignInRefused, must_wait
from app.members.totp import SECRET_BYTES, step_of

PURPOSE = "member totp"
_OFFERED = "member totp offered"


class CodeRefused(SignInRefused):
    """This code is wrong or was used before. Wait for the next one that your app shows, and type that."""


def new_offer(secret: bytes, session_id: UUID) -> str:
    """A new secret for an app, sealed for the form of one session: stored once a code proves that the app has it."""
    sealed = seal(secret, _OFFERED, os.urandom(SECRET_BYTES), owner=session_id.bytes)
    return base64.urlsafe_b64encode(sealed).decode()


def offered(secret: bytes, offer: str, session_id: UUID) -> bytes | None:
    """The secret of an offer; None when it was not made for this session."""
    try:
        sealed = base64.urlsafe_b64decode(offer.encode())
    except (binascii.Error, ValueError):
        return None
    return unseal(secret, _OFFERED, sealed, owner=session_id.bytes)


class SecondFactor:
    """Sets second factors up and checks their codes, no code twice and not too often."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], secret: bytes) -> None:
        self._sessions, self._secret = sessions, secret

    async def set_up(self, member_id: UUID, totp: bytes, code: str) -> None:
        """Store a secret whose code was typed.

        Raises:
            CodeRefused: the code is not of this secret.
        """
        step = step_of(totp, code, time.time())
        if step is None:
            raise CodeRefused
        sealed = seal(self._secret, PURPOSE, totp, owner=member_id.bytes)
        async with self._sessions.begin() as session:
            await change_member(session, member_id, totp_secret=sealed, totp_step=step)
            await forget(session, _key(member_id))

    async def check(self, member_id: UUID, code: str) -> None:
        """Use a code up.

        Raises:
            CodeRefused: it is wrong or was used before.
            TooOften: too many codes were wrong.
        """
        async with self._sessions.begin() as session:
            wait_s = await attempt(session, _key(member_id))
            member = await find_member(session, member_id)
        if wait_s is not None:
            raise must_wait(wait_s)
        totp = (
            member and member.totp_secret and unseal(self._secret, PURPOSE, member.totp_secret, owner=member_id.bytes)
        )
        step = step_of(totp, code, time.time()) if totp else None
        if step is None:
            raise CodeRefused
        async with self._sessions.begin() as session:
            if not await use_step(session, member_id, step):
                raise CodeRefused
            await forget(session, _key(member_id))


async def remove(session: AsyncSession, member_id: UUID, *, keep_session: UUID | None = None) -> None:
    """Remove the second factor of a member. Sessions end, but for one that may stay."""
    await change_member(session, member_id, totp_secret=None, totp_step=None)
    await forget(session, _key(member_id))
    await end_sessions(session, member_id, but=keep_session)


def _key(member_id: UUID) -> str:
    return f"second factor {member_id}"
