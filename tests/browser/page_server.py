"""The chat page for browser tests: the real server, database, turn and graph, with a scripted model behind them.

Run as `python -m tests.browser.page_server HOME PORT HOST_PORT`; pages of `http://localhost:HOST_PORT` may embed the
widget. What a question contains decides what goes wrong: `slowly` streams word by word, `quota` has the hosted model
over its quota, `explode` fails in the graph, `unguarded` before it.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.db.engine import open_database
from app.db.migrate import migrate
from app.db.sites import configure_site, ensure_site
from app.ingest import ingest
from app.logs import configure_logs
from app.members.visitors import add_visitor
from app.server import serve_app
from app.settings import load_settings
from app.sites.config import Hours, Identity, Look, SiteConfig
from app.sites.tools import SiteTool
from app.wiring import Parts, services_on
from graph.context import FloatArray, ModelRoute, PersonalSpan
from graph.errors import QuotaExhausted
from tests.graph.scripted import FixedInjection, FixedIntent, WordEncoder

SHOP = {
    "refunds.md": """# Refunds

## How long refunds take

Refunds are paid within 14 days of your request. They go back to the card that you paid with.

## What cannot be refunded

Opened software and gift cards cannot be refunded. Anything that arrived broken is replaced at our cost.
""",
    "delivery.md": """# Delivery

## Times

Parcels within the country arrive in two to three working days. Large items are brought by a carrier.
""",
}
GOOD = (
    "Refunds are paid within 14 days of your request [1]. They go back to the card that you paid with [1]. "
    "Opened software and gift cards cannot be refunded [2]."
)
LONG_WISH = (
    "The visitor wants to be called back about refunds of opened software, order "
    "A-1234567890123456789012345678901234567890, best on a weekday *before* noon."
)
NAME, PASSWORD = "kim@example.org", "correct horse battery"
SECRET = b"a secret of the tests, long enough"
HOST_SECRET = "a secret of the host's backend, long enough"
STARTERS = ("How long do refunds take to be paid?", "When does a parcel arrive?")


class Desk(BaseChatModel):
    """Answers about refunds, at the pace that the question asks for."""

    hosted: bool

    @property
    def _llm_type(self) -> str:
        return "desk"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        question = str(messages[-1].content).rpartition("Question")[2].lower()
        if self.hosted and "quota" in question:
            raise QuotaExhausted
        if "call me back" in question and kwargs.get("tools"):
            arguments = json.dumps({"message": LONG_WISH, "contact": "kim@example.org"})
            call = tool_call_chunk(name="leave_message", args=arguments, id="call_1", index=0)
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))
            text = ""
        else:
            text = GOOD
        for count, word in enumerate(text.split(" ")):
            await asyncio.sleep(0.35 if "slowly" in question else 0.01)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word if count == 0 else f" {word}"))
        last = AIMessageChunk(content="", response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


class Exploding(WordEncoder):
    """Fails over one word."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors, or fail."""
        if any("explode" in text for text in texts):
            raise RuntimeError("asked to")
        return super().encode(texts)


class Addresses:
    """Takes every word with an @ for personal data; cannot run over one word."""

    def find(self, text: str) -> list[PersonalSpan]:
        """Return the spans."""
        if "unguarded" in text:
            raise RuntimeError("asked to")
        spans, start = [], 0
        for word in text.split(" "):
            if "@" in word:
                spans.append(PersonalSpan("EMAIL", start, start + len(word), 1.0))
            start += len(word) + 1
        return spans


def desk(name: str, *, hosted: bool) -> ModelRoute:
    """A route to the scripted model."""
    rung = "hosted" if hosted else "local"
    return ModelRoute(name, rung, Desk(hosted=hosted), first_token_s=5, between_tokens_s=5, trusted=True)  # type: ignore[arg-type]


async def serve(home: Path, port: int, host_port: int) -> None:
    """Serve until interrupted."""
    settings = load_settings(
        {"PARLEY_HOME": str(home), "PARLEY_CHAT__SUBJECT": "the shop", "PARLEY_LOGS__LEVEL": "warning"}
    )
    configure_logs(settings.logs.level, settings.logs.json_lines)
    docs = home / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    for name, text in SHOP.items():
        (docs / name).write_text(text, encoding="utf-8")
    encoder = Exploding()
    async with open_database(settings, command="page_server", exclusive=True) as engine:
        await migrate(engine)
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        await ingest(sessions, encoder, settings.knowledge, site="default", paths=[docs])
        async with sessions.begin() as session:
            site = await ensure_site(session, "default")
            await add_visitor(session, site, NAME, PASSWORD)
            config = SiteConfig(
                origins=(f"http://localhost:{host_port}",),
                look=Look(starters=STARTERS),
                identity=Identity(secret=SecretStr(HOST_SECRET)),
                tools=(SiteTool(name="leave_message"),),
                cache="off",  # the same questions are asked again and again, to be answered anew
                hours=Hours(timezone="Europe/Berlin", monday="09:00-17:00", contact="support@example.org"),
            )
            await configure_site(session, "default", config.stored(), version=site.version)
        parts = Parts(
            encoder=encoder,
            injection=FixedInjection(),
            personal_data=Addresses(),
            intents=FixedIntent(),
            models=(desk("desk-large", hosted=True), desk("desk-small", hosted=False)),
        )
        async with services_on(engine, settings, parts, secret=SECRET) as services:
            await serve_app(services, "127.0.0.1", port)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
