"""The secret of an installation, which keys are derived from."""

import os
import secrets
from contextlib import suppress

from app.settings import Settings
from graph.errors import ConfigError

LEAST_SECRET_BYTES = 32


def secret_of(settings: Settings) -> bytes:
    """The secret that signs cookies: the one of the settings or, on the embedded database, our own, kept in `home`.

    Raises:
        ConfigError: there is none and the database is not our own, so that a replica would make another one.
    """
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    if not settings.embedded:
        raise ConfigError("Set PARLEY_SECRET to 32 random characters or more, the same on every replica.")
    path = settings.home / "secret"
    if not path.exists():
        new = path.with_name(f"secret.{os.getpid()}")  # whole before it gets its name
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_urlsafe(48).encode())
        with suppress(FileExistsError):  # another command was quicker
            os.link(new, path)
        new.unlink()
    secret = path.read_bytes()
    if len(secret) < LEAST_SECRET_BYTES:
        raise ConfigError(f"The file {path} holds no secret; remove it, and a new one is made.")
    return secret
