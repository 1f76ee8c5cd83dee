"""The one place where the program is put together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields

import langsmith
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.breakers import SharedBreakers
from app.checkpoints import SealedSaver, checkpoint_serializer
from app.db.engine import open_database, raw_url
from app.db.listen import Listener
from app.db.migrate import migrate
from app.embedders import Embedders
from app.loading import (
    BY_LETTERS,
    Former,
    NamedMarks,
    former_encoders,
    load_encoder,
    load_injection,
    load_intents,
    load_personal_data,
    load_reranker,
    marks_for,
    open_embedders,
    open_models,
)
from app.metrics import Metrics
from app.openid.provider import Provider, provider_of
from app.owner import owner_lock
from app.secret import secret_of
from app.settings import Settings
from app.sites.book import SiteBook
from app.stand_in import StandIn
from app.vault.master import Master
from app.vault.open import master_of, open_vault, secret_master
from graph.build import Turn, build_graph
from graph.context import Encoder, InjectionScreen, IntentClassifier, Marks, ModelRoute, PersonalDataFinder, Reranker
from graph.encoder.hosted import HostedEncoder
from graph.guards.letters import NAMES
from graph.knowledge.same_question import Same, judge_for


@dataclass(frozen=True, slots=True)
class Parts:
    """What reads and answers. It takes seconds to load, and tests bring their own."""

    encoder: Encoder
    injection: InjectionScreen
    personal_data: PersonalDataFinder
    intents: IntentClassifier
    models: tuple[ModelRoute, ...]


@dataclass(frozen=True, slots=True)
class Services(Parts):
    """Everything that the doors use. Opened once in a process, closed with it.

    Attributes:
        secret: what keys are derived from (see `app.access.keys`).
        owner: this process's number among those that are alive (see `app.owner`).
        listener: hears other processes, while this one serves.
        embedders: hosted encoders that rank passages.
        stand_in: searches the sites of which the installed encoder has not seen all passages.
        marks: tells which passages, results of tools and parts of files seem to hold instructions.
        name_marks: tells which names of files do.
        reranker: reads the best passages again; None unless the settings name one.
        same: tells which kept question is the one that is asked.
        openid: where members of staff may sign in; None when the settings name no provider.
    """

    settings: Settings
    secret: bytes
    owner: int
    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    listener: Listener
    sites: SiteBook
    breakers: SharedBreakers
    embedders: Embedders
    stand_in: StandIn
    metrics: Metrics
    openid: Provider | None
    marks: NamedMarks
    name_marks: Marks
    reranker: Reranker | None
    same: Same
    graph: Turn
    checkpoints: SealedSaver

    async def forget_checkpoints(self, trace_id: str) -> None:
        """Remove what the graph saved of a turn that has ended."""
        await self.checkpoints.adelete_thread(trace_id)


@asynccontextmanager
async def open_services(settings: Settings, *, command: str, exclusive: bool = False) -> AsyncIterator[Services]:
    """Open the database, load the models and compile the graph; close all of it on leaving.

    Args:
        command: how this process calls itself, for a second one that finds the data held.
        exclusive: whether this process is a server, which shares the embedded database with no other server.

    Raises:
        ConfigError: something that the settings name cannot be used.
    """
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_database(settings, command=command, exclusive=exclusive))
        if settings.embedded:
            await migrate(engine)
        secret = secret_of(settings)
        master = await master_of(engine, settings, secret)
        encoder = await asyncio.to_thread(load_encoder, settings)
        formers = await asyncio.to_thread(former_encoders, settings)
        parts = Parts(
            encoder=encoder,
            injection=await asyncio.to_thread(load_injection, settings, encoder),
            personal_data=await asyncio.to_thread(load_personal_data, encoder),
            intents=await asyncio.to_thread(load_intents, encoder),
            models=await stack.enter_async_context(open_models(settings)),
        )
        encoders = await stack.enter_async_context(open_embedders(settings))
        reranker = await asyncio.to_thread(load_reranker, settings)
        services = services_on(
            engine,
            settings,
            parts,
            secret=secret,
            master=master,
            encoders=encoders,
            formers=formers,
            marks=await asyncio.to_thread(marks_for, encoder),
            name_marks=await asyncio.to_thread(marks_for, encoder, NAMES),
            reranker=reranker,
        )
        yield await stack.enter_async_context(services)


@asynccontextmanager
async def services_on(
    engine: AsyncEngine,
    settings: Settings,
    parts: Parts,
    *,
    secret: bytes,
    master: Master | None = None,
    encoders: Sequence[HostedEncoder] = (),
    formers: Sequence[Former] = (),
    marks: NamedMarks = BY_LETTERS,
    name_marks: Marks = BY_LETTERS,
    reranker: Reranker | None = None,
) -> AsyncIterator[Services]:
    """Put the services together on a database that is migrated, with parts that are loaded.

    Args:
        secret: what keys are derived from.
        master: the key that all keys in the database are wrapped with; by default one of the secret's.

    Raises:
        ConfigError: the master key is not this database's.
    """
    langsmith.configure(enabled=False)  # else a variable that another program needs sends whole turns away
    size = max(2, settings.database.pool_size // 2)
    async with owner_lock(engine) as owner, _checkpoint_pool(engine, size) as pool:
        checkpoints = SealedSaver(pool, serde=checkpoint_serializer())
        sessions = await open_vault(engine, master or secret_master(secret))
        listener = Listener(raw_url(engine))
        breakers = SharedBreakers(sessions, listener)
        yield Services(
            settings=settings,
            secret=secret,
            owner=owner,
            engine=engine,
            sessions=sessions,
            listener=listener,
            sites=SiteBook(sessions, settings, listener),
            breakers=breakers,
            embedders=Embedders(encoders, sessions, breakers),
            stand_in=StandIn(sessions, parts.encoder.name, formers),
            metrics=Metrics(),
            openid=provider_of(settings.openid),
            marks=marks,
            name_marks=name_marks,
            reranker=reranker,
            same=judge_for(parts.encoder),
            graph=build_graph(checkpoints),
            checkpoints=checkpoints,
            **{part.name: getattr(parts, part.name) for part in fields(Parts)},
        )


def _checkpoint_pool(engine: AsyncEngine, size: int) -> AsyncConnectionPool[AsyncConnection[DictRow]]:
    """Connections for the graph's checkpoints, as LangGraph wants them. Opened by entering it."""
    return AsyncConnectionPool(
        raw_url(engine),
        connection_class=AsyncConnection[DictRow],
        min_size=1,
        max_size=size,
        open=False,
        kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
    )
