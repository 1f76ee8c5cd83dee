"""Where the master key is. It wraps the keys of sites, so it is asked about once for each site and process."""

import base64
import binascii
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from uuid import UUID

from app.vault.sealing import KEY_BYTES, DataKey, Unreadable
from graph.errors import ConfigError, ParleyError

WITHIN_S = 5.0
"""So long is a service that holds the master key waited for."""


class MasterUnreachable(ParleyError):
    """The service that holds the master key does not answer."""


class MasterDenied(MasterUnreachable):
    """The service that holds the master key answers, and does not let it be used."""


class MasterRefused(ParleyError):
    """The master key cannot unwrap this key: it is another one than the key was wrapped with."""


class Master(Protocol):
    """Wraps keys. It may block: it is called beside the event loop.

    `place` says what is wrapped. The same must be said to unwrap it.
    """

    @property
    def name(self) -> str:
        """For people: which kind, and which key of it wraps now."""

    def wrap(self, key: bytes, place: str) -> bytes:
        """Encrypt a key. Raises `MasterUnreachable`, or `MasterDenied`, which is one."""

    def unwrap(self, wrapped: bytes, place: str) -> bytes:
        """Decrypt a key. Raises `MasterUnreachable` or `MasterRefused`."""


class LocalMaster:
    """Master keys in this process's memory; the first one wraps.

    Args:
        kind: where they come from, for people.
        keys: each of 32 bytes.
    """

    def __init__(self, kind: str, *keys: bytes) -> None:
        self._keys = [DataKey(_id_of(key), key) for key in keys]
        self.name = f"{kind}, key {str(self._keys[0].id)[:8]}"

    def wrap(self, key: bytes, place: str) -> bytes:
        """Encrypt a key with the first master key."""
        return self._keys[0].seal(place, key)

    def unwrap(self, wrapped: bytes, place: str) -> bytes:
        """Decrypt a key with the master key that wrapped it."""
        for master in self._keys:
            with suppress(Unreadable):
                return master.open(place, wrapped)
        raise MasterRefused


class FileMaster:
    """Master keys in a file that only its owner may read: one in each line, in base64; the first one wraps."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: it is not there, others may read it, or it holds no keys.
        """
        self._path = path
        self._local = self._read()

    @property
    def name(self) -> str:
        """Which key of the file wraps."""
        return self._local.name

    def wrap(self, key: bytes, place: str) -> bytes:
        """Encrypt a key with the first master key of the file, as it is now: an older one may be about to go."""
        self._local = self._read()
        return self._local.wrap(key, place)

    def unwrap(self, wrapped: bytes, place: str) -> bytes:
        """Decrypt a key. A file that got a new key since it was read is read again."""
        try:
            return self._local.unwrap(wrapped, place)
        except MasterRefused:
            self._local = self._read()
            return self._local.unwrap(wrapped, place)

    def begin_with_new_key(self) -> None:
        """Put a new key before the others."""
        write_keys(self._path, [_new_key(), *_keys_in(self._path)], replace=True)
        self._local = self._read()

    def forget_old_keys(self) -> None:
        """Leave only the first key."""
        write_keys(self._path, _keys_in(self._path)[:1], replace=True)
        self._local = self._read()

    def _read(self) -> LocalMaster:
        return LocalMaster(f"the file {self._path}", *_keys_in(self._path))


def make_file(path: Path) -> None:
    """Make a file with a new master key, unless it is there."""
    with suppress(FileExistsError):  # another command was quicker
        write_keys(path, [_new_key()], replace=False)


def write_keys(path: Path, keys: list[bytes], *, replace: bool) -> None:
    """Write a key file whole, readable to its owner only.

    Raises:
        FileExistsError: it is there, and is not to be replaced.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}")  # whole before it gets its name
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    if replace:
        new.replace(path)
        return
    try:
        os.link(new, path)
    finally:
        new.unlink()


def read_key(text: str) -> bytes:
    """A key in base64.

    Raises:
        ValueError: it is not base64 of 32 bytes.
    """
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("a key is 32 random bytes in base64: openssl rand -base64 32") from error
    if len(key) != KEY_BYTES:
        raise ValueError("a key is 32 random bytes in base64: openssl rand -base64 32")
    return key


def _keys_in(path: Path) -> list[bytes]:
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise ConfigError(
            f"The master key {path} cannot be read ({error.strerror}); restore it from its backup."
        ) from None
    except UnicodeDecodeError:
        text = ""
    if mode & 0o077:
        raise ConfigError(f"The master key {path} can be read by others; run `chmod 600 {path}`.")
    try:
        keys = [read_key(line.strip()) for line in text.splitlines() if line.strip()]
    except ValueError:
        keys = []
    if not keys:
        raise ConfigError(f"The file {path} holds no master key; restore it from its backup.")
    return keys


def _new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def _id_of(key: bytes) -> UUID:
    return UUID(bytes=sha256(b"parley master key " + key).digest()[:16])
