"""Three replicas on one database, behind a load balancer without stickiness."""

import asyncio
import multiprocessing
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from uuid import UUID

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.db.sealed import opened
from app.db.sites import configure_site, ensure_site
from app.db.tables import Message
from app.ingest import ingest
from app.settings import load_settings
from app.sites.config import SiteConfig, SiteKnowledge
from app.vault.open import secret_master
from app.vault.vault import Vault
from tests.app.live.balancer import Balancer, balancer
from tests.app.live.reader import Reader, visitor
from tests.app.live.replica import DOCUMENT, SECRET, SITE, run
from tests.graph.scripted import WordEncoder

READY_S = 60
STOPPED_S = 20
FORKS = multiprocessing.get_context("forkserver")
"""Forks replicas off a process that has imported already what takes them seconds."""
FORKS.set_forkserver_preload([run.__module__])


@dataclass(slots=True)
class Replica:
    """One process and where it listens. `owner` is its number in the database."""

    database_url: str
    origin: str
    port: int
    process: ForkServerProcess | None = None
    owner: int = 0

    @property
    def url(self) -> str:
        """Its own address, not the balancer's."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def dead(self) -> bool:
        """Whether it has to be started."""
        return self.process is None or not self.process.is_alive()

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = FORKS.Process(target=run, args=(self.database_url, self.port, self.origin))
        self.process.start()
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(READY_S):
            while True:
                try:
                    self.owner = (await client.get(f"{self.url}/healthz")).json()["owner"]
                    return
                except httpx.TransportError:
                    assert self.process.is_alive(), "a replica ended while it started"
                    await asyncio.sleep(0.1)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.join()

    def tell_to_stop(self) -> None:
        """Ask it to end."""
        assert self.process is not None
        self.process.terminate()

    async def stopped(self) -> int | None:
        """Wait until it has ended; return its exit code."""
        assert self.process is not None
        await asyncio.to_thread(self.process.join, STOPPED_S)
        return self.process.exitcode


@dataclass(slots=True)
class Fleet:
    """All of them, with the visitor that the tests are."""

    engine: AsyncEngine
    balancer: Balancer
    url: str
    replicas: list[Replica]
    token: str = ""

    def reader(self, replica: Replica | None = None) -> Reader:
        """A client of the balancer, or of one replica, with a message of its own."""
        return Reader(self.url, self.token, at=replica.url if replica else None)

    def at(self, port: int) -> Replica:
        """The replica of a port."""
        return next(replica for replica in self.replicas if replica.port == port)

    def others(self, replica: Replica) -> list[Replica]:
        """All but one."""
        return [other for other in self.replicas if other is not replica]

    async def messages(self, conversation: UUID) -> list[Message]:
        """What is stored of a conversation, the visitor's message first."""
        vault = Vault(secret_master(SECRET))
        async with async_sessionmaker(self.engine, expire_on_commit=False, info=vault.info)() as session:
            found = await session.scalars(
                select(Message).where(Message.conversation_id == conversation).order_by(Message.role.desc())
            )
            return list(await opened(session, found.all()))

    async def open_answers(self) -> int:
        """How many answers nobody has ended."""
        async with async_sessionmaker(self.engine)() as session:
            found = await session.scalar(select(func.count()).select_from(Message).where(Message.status == "open"))
            return found or 0

    async def whole(self) -> None:
        """Start again whatever has been killed."""
        await asyncio.gather(*(replica.start() for replica in self.replicas if replica.dead))


@asynccontextmanager
async def fleet(database_url: str, engine: AsyncEngine, folder: Path, count: int = 3) -> AsyncIterator[Fleet]:
    """Start it on a migrated database."""
    ports = [_free_port() for _ in range(count)]
    (folder / "refunds.md").write_text(DOCUMENT, encoding="utf-8")
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    await ingest(sessions, WordEncoder(), load_settings({}).knowledge, site=SITE, paths=[folder])
    async with balancer(ports) as between:
        url = f"http://127.0.0.1:{between.port}"
        async with sessions.begin() as session:
            site = await ensure_site(session, SITE)
            await configure_site(
                session,
                SITE,
                SiteConfig(origins=(url,), knowledge=SiteKnowledge(min_similarity=0.05), cache="off").stored(),
                version=site.version,
            )
        replicas = [Replica(database_url, url, port) for port in ports]
        try:
            await asyncio.gather(*(replica.start() for replica in replicas))
            yield Fleet(engine, between, url, replicas, await visitor(url, SITE))
        finally:
            for replica in replicas:
                if replica.process is not None:
                    replica.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
