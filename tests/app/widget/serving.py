"""The widget's routes on a real server in the test's own event loop, and visitors who speak its protocol."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from app.access.credentials import Credentials
from app.access.gate import Gate
from app.live.turns import LiveTurns
from app.widget.routes import widget_routes
from app.wiring import Services
from tests.serving import serving


@asynccontextmanager
async def served(services: Services) -> AsyncIterator[str]:
    """Yield the address of a server with the widget's routes behind the gate."""
    live = LiveTurns(services)
    app = FastAPI(openapi_url=None)
    app.include_router(widget_routes(services, live))
    app.add_middleware(
        Gate,
        services=services,
        credentials=Credentials(services, "secret of the chat page"),
        origins=(),
        hosts=(),
        body_bytes=1_000_000,
    )
    async with serving(lambda _: app) as url:
        try:
            yield url
        finally:
            await live.close()


@dataclass
class Asked:
    """What came of one question: the text as the widget holds it, and the events."""

    text: str = ""
    answer: UUID | None = None
    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    @property
    def last(self) -> tuple[str, dict[str, object]]:
        """The last event."""
        return self.events[-1]

    def take(self, name: str, data: dict[str, object]) -> None:
        """Do as the widget does with an event."""
        self.events.append((name, data))
        match name:
            case "started":
                self.answer = UUID(str(data["answer"]))
            case "token":
                self.text += str(data["text"])
            case "reset":
                self.text = ""
            case "done":
                self.text = str(data["text"])


class Visitor:
    """Somebody at the widget of a site."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.conversation = uuid4()

    async def ask(self, text: str, asked: Asked | None = None, decision: dict[str, object] | None = None) -> Asked:
        """Ask, and read the answer to its end; `asked` can be watched meanwhile."""
        asked = asked or Asked()
        form = {"id": str(uuid4()), "text": text} | ({"decision": json.dumps(decision)} if decision else {})
        path = f"/widget/conversations/{self.conversation}/messages"
        async with self.http.stream("POST", path, data=form) as response:
            if response.is_error:
                await response.aread()
            response.raise_for_status()
            name = ""
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    asked.take(name, json.loads(line.removeprefix("data: ")))
        return asked

    async def said(self) -> list[dict[str, object]]:
        """The conversation's messages, as the widget would show them after a reload."""
        found = await self.http.get(f"/widget/conversations/{self.conversation}")
        messages: list[dict[str, object]] = found.json()["messages"]
        return messages


@asynccontextmanager
async def visitor(url: str, site: str = "shop") -> AsyncIterator[Visitor]:
    """A new visitor of a site's widget, on a page of the server's own."""
    async with httpx.AsyncClient(base_url=url, timeout=120, headers={"Origin": url}) as http:
        session = (await http.post("/widget/session", json={"site": site})).json()
        http.headers["Authorization"] = f"Bearer {session['token']}"
        yield Visitor(http)
