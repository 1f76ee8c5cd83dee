"""Opening the keys of a database, with the master key that the settings name."""

import asyncio

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.access.keys import derived_key
from app.db.sealed import seal_old_texts
from app.db.tables import SiteKey
from app.settings import Settings
from app.vault.aws import AwsMaster
from app.vault.google import GoogleMaster
from app.vault.master import FileMaster, LocalMaster, Master, make_file, read_key
from app.vault.transit import TransitMaster
from app.vault.vault import Vault

FILE = "master.key"
"""In the home of an installation with the embedded database."""


async def open_vault(engine: AsyncEngine, master: Master) -> async_sessionmaker[AsyncSession]:
    """Sessions that can read what is encrypted. What an older version left in clear is encrypted first.

    Raises:
        ConfigError: the master key is not this database's, or cannot be asked.
    """
    vault = Vault(master)
    sessions = async_sessionmaker(engine, expire_on_commit=False, info=vault.info)
    async with sessions() as session:
        await vault.check(session)
    await seal_old_texts(sessions)
    return sessions


async def master_of(engine: AsyncEngine, settings: Settings, secret: bytes) -> Master:
    """The master key that the settings name.

    Where they name none: on the embedded database, a file in `home`, which is made for a database without keys; on
    another one, a key that is derived from the secret, which all replicas have.

    Raises:
        ConfigError: its file is missing or readable to others, or holds none; or credentials or a package are missing.
    """
    keys = settings.keys
    if keys.transit_address and keys.transit_token and keys.transit_key:
        token = keys.transit_token.get_secret_value()
        return TransitMaster(keys.transit_address, token, keys.transit_key, mount=keys.transit_mount)
    if keys.aws_key:
        return await asyncio.to_thread(AwsMaster, keys.aws_key, keys.aws_region)
    if keys.google_key:
        return await asyncio.to_thread(GoogleMaster, keys.google_key, keys.google_address)
    if keys.master:
        listed = keys.master.get_secret_value().split(",")
        return LocalMaster("keys.master", *(read_key(text.strip()) for text in listed))
    if keys.path:
        return FileMaster(keys.path)
    if not settings.embedded:
        return secret_master(secret)
    async with AsyncSession(engine) as session:
        if await session.scalar(select(SiteKey.id).limit(1)) is None:
            make_file(settings.home / FILE)
    return FileMaster(settings.home / FILE)


def secret_master(secret: bytes) -> LocalMaster:
    """A master key that is derived from the secret of the installation."""
    return LocalMaster("derived from the secret", derived_key(secret, "master key"))
