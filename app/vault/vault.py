"""Unwraps keys, and keeps those that were used last in memory."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Collection
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Conversation, SiteKey, VisitorKey
from app.vault.master import Master, MasterRefused, MasterUnreachable
from app.vault.memory import MOST_KEPT, Memory
from app.vault.sealing import KEY_BYTES, DataKey, Unreadable
from graph.errors import ConfigError

LOCK = 0x7061_726C_6B65
"""Advisory lock of those who wrap with the master key, shared; a rotation waits for them."""
_IN_SESSION = "vault"


class Vault:
    """The keys of one database. Reads only when it is asked."""

    def __init__(self, master: Master) -> None:
        self.master = master
        self._memory = Memory(master)
        self._writing: OrderedDict[UUID, UUID] = OrderedDict()
        """The key of each conversation that was written in last: an answer that streams writes all the time."""

    @property
    def info(self) -> dict[str, "Vault"]:
        """What the sessions of this database carry, see `vault_of`."""
        return {_IN_SESSION: self}

    async def check(self, session: AsyncSession) -> None:
        """Refuse to begin with a master key that is not this database's.

        Raises:
            ConfigError: it is another one, or it cannot be asked.
        """
        newest = await session.scalar(select(SiteKey).order_by(SiteKey.created_at.desc()).limit(1))
        if newest is None:
            return
        try:
            await self.site_key(newest)
        except MasterRefused:
            raise ConfigError(
                f"The master key ({self.master.name}) is not the one that this database is encrypted with "
                f"({newest.master}); set that one."
            ) from None
        except MasterUnreachable as error:
            raise ConfigError(f"{error} Without it nothing can be decrypted.") from None

    async def for_conversation(self, session: AsyncSession, conversation_id: UUID) -> DataKey:
        """The key that encrypts what is written in a conversation; made if its visitor has none."""
        await self._memory.confirm()
        known = self._writing.get(conversation_id)
        if known is not None and (key := self._memory.visitor(known)) is not None:
            return key
        row = (
            await session.execute(
                select(Conversation.site_id, Conversation.user_id, VisitorKey.id)
                .outerjoin(VisitorKey, VisitorKey.user_id == Conversation.user_id)
                .where(Conversation.id == conversation_id)
                .order_by(VisitorKey.created_at, VisitorKey.id)
                .limit(1)
            )
        ).one()
        if row.id is None:
            return await self._new_visitor_key(session, row.site_id, row.user_id)
        key = (await self.keys(session, {row.id}))[row.id]
        self._writing[conversation_id] = key.id
        if len(self._writing) > MOST_KEPT:
            self._writing.popitem(last=False)
        return key

    async def keys(self, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, DataKey]:
        """The keys of visitors by their ids.

        Raises:
            Unreadable: one of them is gone.
        """
        await self._memory.confirm()
        found = {id_: key for id_ in ids if (key := self._memory.visitor(id_))}
        if missing := set(ids) - found.keys():
            try:
                found |= await self._load(session, missing)
            except MasterRefused:  # read just before they were wrapped with another master key, and asked after
                found |= await self._load(session, missing)
        if found.keys() != set(ids):
            raise Unreadable
        for key in found.values():
            self._memory.keep_visitor(key)
        return found

    async def site_key(self, row: SiteKey) -> DataKey:
        """Unwrap the key of a site."""
        await self._memory.confirm()
        if (kept := self._memory.sites.get(row.id)) is not None:
            return kept
        place = _site_place(row.site_id, row.id)
        key = DataKey(row.id, await asyncio.to_thread(self.master.unwrap, row.wrapped, place))
        self._memory.keep_site(key, row.wrapped, place)
        return key

    async def new_site_key(self, session: AsyncSession, site_id: int) -> DataKey:
        """Make a key for a site, which wraps from now on.

        Raises:
            MasterUnreachable: the master key cannot wrap it, or would not unwrap it again.
        """
        await session.execute(select(func.pg_advisory_xact_lock_shared(LOCK)))
        key = DataKey(uuid4(), os.urandom(KEY_BYTES))
        place = _site_place(site_id, key.id)
        wrapped = await asyncio.to_thread(self.master.wrap, key.key, place)
        if await asyncio.to_thread(self.master.unwrap, wrapped, place) != key.key:  # before anything hangs on it
            raise MasterUnreachable("The service with the master key gives back another key than it was given.")
        await session.execute(
            insert(SiteKey).values(id=key.id, site_id=site_id, wrapped=wrapped, master=self.master.name)
        )
        self._memory.keep_site(key, wrapped, place)
        return key

    async def rewrap(self, row: VisitorKey, old: SiteKey, new: DataKey) -> bytes:
        """A visitor's key, wrapped by another key of the site."""
        place = _visitor_place(row.id)
        return new.seal(place, (await self.site_key(old)).open(place, row.wrapped))

    def forget(self, ids: Collection[UUID]) -> None:
        """Drop keys of visitors from memory."""
        for id_ in ids:
            self._memory.forget_visitor(id_)

    async def _load(self, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, DataKey]:
        rows = await session.execute(
            select(VisitorKey, SiteKey)
            .join(SiteKey, SiteKey.id == VisitorKey.site_key_id)
            .where(VisitorKey.id.in_(ids))
            .execution_options(populate_existing=True)
        )
        return {
            row.id: DataKey(row.id, (await self.site_key(site)).open(_visitor_place(row.id), row.wrapped))
            for row, site in rows
        }

    async def _new_visitor_key(self, session: AsyncSession, site_id: int, user_id: UUID) -> DataKey:
        wrapping = await self._wrapping(session, site_id) or await self._wrapping(session, site_id)
        if wrapping is None:
            wrapping = await self.new_site_key(session, site_id)
        key = DataKey(uuid4(), os.urandom(KEY_BYTES))
        await session.execute(
            insert(VisitorKey).values(
                id=key.id,
                site_id=site_id,
                user_id=user_id,
                site_key_id=wrapping.id,
                wrapped=wrapping.seal(_visitor_place(key.id), key.key),
            )
        )
        return key  # in memory once it is read back: the transaction may fail

    async def _wrapping(self, session: AsyncSession, site_id: int) -> DataKey | None:
        """The key that wraps those of new visitors. It stays until the transaction ends.

        None where there is none, and where a rotation has just removed the one that was found: then there is another.
        """
        newest = await session.scalar(
            select(SiteKey)
            .where(SiteKey.site_id == site_id)
            .order_by(SiteKey.created_at.desc(), SiteKey.id)
            .limit(1)
            .with_for_update(read=True, key_share=True)
        )
        return await self.site_key(newest) if newest else None


def vault_of(session: AsyncSession) -> Vault:
    """The keys of the database that a session is on."""
    vault = session.info[_IN_SESSION]
    assert isinstance(vault, Vault)  # noqa: S101 - whoever opens sessions hands them a vault
    return vault


def _site_place(site_id: int, key_id: UUID) -> str:
    return f"site_keys.wrapped/{site_id}/{key_id}"


def _visitor_place(key_id: UUID) -> str:
    return f"visitor_keys.wrapped/{key_id}"
