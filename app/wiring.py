"""The one place where the program is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from langgraph.graph.state import CompiledStateGraph
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.settings import Settings
from graph.context import Encoder, InjectionScreen, IntentClassifier, ModelRoute, PersonalDataFinder


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the doors use. Opened once in a process, closed with it."""

    settings: Settings
    secret: bytes
    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    encoder: Encoder
    injection: InjectionScreen
    personal_data: PersonalDataFinder
    intents: IntentClassifier
    models: tuple[ModelRoute, ...]
    graph: CompiledStateGraph[Any, Any, Any, Any]


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open the database, load the models and compile the graph; close all of it on leaving.

    Raises:
        ConfigError: something that the settings name cannot be used.
    """
    raise NotImplementedError
    yield
