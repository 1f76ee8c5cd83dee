"""The server that the doors are measured on: the real product, with a model that writes one answer at a steady pace.

Run as `python -m evals.bench.doors_server HOME PORT`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from app.db.sites import configure_site, ensure_site
from app.ingest import ingest
from app.server import serve_app
from app.settings import Settings
from app.sites.config import SiteConfig
from app.wiring import open_services
from graph.context import ModelRoute

FIRST_S = 0.025
"""The model's own delay before its first token, and before every other."""
DOCUMENT = """# Refunds

## How long refunds take

Refunds are paid within 14 days of your request. They go back to the card that you paid with. If that card has expired,
the bank passes the money on to the account behind it. You get a letter as soon as the money is on its way.
"""
SENTENCES = (
    "Refunds are paid within 14 days of your request [1].",
    "They go back to the card that you paid with [1].",
    "If that card has expired, the bank passes the money on to the account behind it [1].",
    "You get a letter as soon as the money is on its way [1].",
)
WORDS = tuple(f"{word} " for word in " ".join(SENTENCES).split(" "))


class Steady(BaseChatModel):
    """Writes the same answer every time, a word in `FIRST_S` seconds."""

    @property
    def _llm_type(self) -> str:
        return "steady"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for word in WORDS:
            await asyncio.sleep(FIRST_S)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        last = AIMessageChunk(content="", response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


async def serve(home: Path, port: int, origins: tuple[str, ...]) -> None:
    """Serve until interrupted."""
    settings = Settings.model_validate(
        {
            "home": home,
            "local": {"enabled": False},
            "chat": {"subject": "the shop"},
            "turn": {"cache": "off"},  # each answer is made anew
            # The visitors of the bench say where they come from: one address may not begin so many sessions.
            "server": {"trusted_proxies": ("127.0.0.1",)},
        }
    )
    document = home / "refunds.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    route = ModelRoute("steady", "hosted", Steady(), first_token_s=30, between_tokens_s=30, trusted=True)
    async with open_services(settings, command="parley eval bench", exclusive=True) as services:
        await ingest(services.sessions, services.encoder, settings.knowledge, site="default", paths=[document])
        async with services.sessions.begin() as session:
            site = await ensure_site(session, "default")
            stored = SiteConfig(origins=origins).stored()
            await configure_site(session, "default", stored, version=site.version)
        await serve_app(replace(services, models=(route,)), "127.0.0.1", port)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), tuple(sys.argv[3:])))
