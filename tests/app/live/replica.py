"""One replica: the widget's routes behind the gate, with a scripted model, and without Chainlit, to start quickly.

Several share a database. It stops more quickly than the product, so that a test may wait for it. What a question
contains decides how it is answered: `late` waits long before the first word.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from app.access.credentials import Credentials
from app.access.gate import Gate
from app.db.engine import make_engine
from app.live import turns
from app.live.turns import LiveTurns
from app.settings import load_settings
from app.widget.routes import widget_routes
from app.wiring import Parts, Services, services_on
from graph.context import ModelRoute
from tests.app.turning import Addresses
from tests.graph.scripted import FixedInjection, FixedIntent, WordEncoder

SITE = "shop"
SECRET = b"a secret of the tests, long enough"
TEXT = (
    "Refunds are paid within 14 days of your request [1]. They go to the card that you paid with [1]. "
    "If that card has expired, the bank passes the money on to the account behind it [1]. "
    "You get a letter as soon as the money is on its way [1]."
)
DOCUMENT = f"# Refunds\n\n{TEXT.replace(' [1]', '')}\n"
WORD_S = 0.04
LATE_S = 3.0
GRACE_S = 1
"""How long open connections, and after them turns, may take to end when a replica is told to stop."""


class Narrator(BaseChatModel):
    """Writes the same answer every time, word by word."""

    @property
    def _llm_type(self) -> str:
        return "narrator"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        if "late" in str(messages[-1].content).rpartition("Question")[2]:
            await asyncio.sleep(LATE_S)
        for count, word in enumerate(TEXT.split(" ")):
            await asyncio.sleep(WORD_S)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word if count == 0 else f" {word}"))
        last = AIMessageChunk(content="", response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


def doors(services: Services, origin: str) -> FastAPI:
    """The application."""
    live = LiveTurns(services)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        listening = asyncio.create_task(services.listener.run())
        try:
            yield
        finally:
            await live.close()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    app.include_router(widget_routes(services, live))

    @app.get("/healthz")
    async def healthz() -> dict[str, int]:
        return {"owner": services.owner}

    app.add_middleware(
        Gate,
        services=services,
        credentials=Credentials(services, "secret of the chat page"),
        origins=(origin,),
        hosts=(),
        body_bytes=100_000,
    )
    return app


async def serve(database_url: str, port: int, origin: str) -> None:
    """Serve until interrupted."""
    turns.LEAVE_S = GRACE_S
    settings = load_settings({"PARLEY_CHAT__SITE": SITE, "PARLEY_CHAT__SUBJECT": "the shop"})
    parts = Parts(
        encoder=WordEncoder(),
        injection=FixedInjection(),
        personal_data=Addresses(),
        intents=FixedIntent(),
        models=(ModelRoute("narrator", "hosted", Narrator(), first_token_s=10, between_tokens_s=5, trusted=True),),
    )
    engine = make_engine(database_url)
    try:
        async with services_on(engine, settings, parts, secret=SECRET) as services:
            config = uvicorn.Config(
                doors(services, origin),
                host="127.0.0.1",
                port=port,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=GRACE_S,
            )
            await uvicorn.Server(config).serve()
    finally:
        await engine.dispose()


def run(database_url: str, port: int, origin: str) -> None:
    """What a replica's process does."""
    asyncio.run(serve(database_url, port, origin))
