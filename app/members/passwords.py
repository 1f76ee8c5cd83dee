"""Passwords: hashed with argon2id, slowly on purpose, beside the event loop, two at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from graph.errors import ConfigError, VisitorError

Result = TypeVar("Result")

LONGEST = 1000
"""Characters. argon2 would take more, and an attacker's megabytes with them."""
_AT_ONCE = 2
_MOST_WAITING = 64

_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")  # each hash takes 64 MiB and a core
_waiting = 0


class PasswordRefused(ConfigError):
    """Please choose another password."""


class TooManyChecks(VisitorError):
    """Too many people sign in just now. Please try again in a minute."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password is right, and its hash under newer parameters if those have changed."""

    right: bool
    newer: str | None = None


def acceptable(password: str, *, shortest: int) -> str:
    """Return the password if it may be chosen.

    Raises:
        PasswordRefused: it is too short or too long.
    """
    if not shortest <= len(password) <= LONGEST:
        raise PasswordRefused(f"A password must have between {shortest} and {LONGEST:,} characters.")
    return password


async def hashed(password: str) -> str:
    """The hash of a password, to be stored.

    Raises:
        TooManyChecks: very many wait already.
    """
    return await _beside(_hasher.hash, password)


async def check(stored: str | None, password: str) -> Checked:
    """Compare a password with a stored hash. Without one it takes as long, so that nobody learns who has one.

    Raises:
        TooManyChecks: very many wait already.
    """
    if len(password) > LONGEST:
        return Checked(False)
    return await _beside(_check, stored, password)


async def _beside(work: Callable[..., Result], *arguments: str | None) -> Result:
    global _waiting
    if _waiting >= _MOST_WAITING:
        raise TooManyChecks
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work, *arguments)
    finally:
        _waiting -= 1


def _check(stored: str | None, password: str) -> Checked:
    if stored is None:
        _matches(_hash_of_nobody(), password)
        return Checked(False)
    if not _matches(stored, password):
        return Checked(False)
    return Checked(True, _hasher.hash(password) if _hasher.check_needs_rehash(stored) else None)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("nobody")
