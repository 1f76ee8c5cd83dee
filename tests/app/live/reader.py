"""A client of the widget's protocol: asks, follows, goes on after whatever breaks, and keeps what it was shown."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

QUESTION = "How long until refunds are paid?"
LONGEST_S = 45
ENDS = frozenset({"done", "stopped", "failed"})
Heard = Callable[[str], None]


@dataclass(slots=True)
class Reader:
    """What one client holds of one answer.

    Attributes:
        text: as it stands on the screen.
        end: name and data of the last event, once it came.
        broken: how often the stream ended without one.
        wrong: what the protocol does not allow.
        events: names, in order.
    """

    url: str
    """Where the page comes from, and whom it asks unless `at` names one replica."""
    token: str
    conversation: UUID = field(default_factory=uuid4)
    message: UUID = field(default_factory=uuid4)
    answer: str | None = None
    at: str | None = None
    position: str | None = None
    text: str = ""
    end: tuple[str, dict[str, Any]] | None = None
    broken: int = 0
    wrong: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    async def ask(self, question: str = QUESTION, *, heard: Heard | None = None) -> None:
        """Ask, and follow until the end over as many connections as it takes."""
        form = {"id": str(self.message), "text": question}
        await self._until_end(f"/widget/conversations/{self.conversation}/messages", form, heard)

    async def follow(self, *, heard: Heard | None = None) -> None:
        """Go on with an answer whose id is known."""
        await self._until_end("", None, heard)

    def another(self, at: str | None = None) -> "Reader":
        """A second client of the same visitor and answer, which has seen nothing yet."""
        return Reader(self.url, self.token, self.conversation, self.message, self.answer, at)

    async def stop(self) -> int:
        """Ask for the answer to be stopped; return the status."""
        async with self._client() as client:
            return (await client.post(f"/widget/answers/{self.answer}/stop")).status_code

    async def _until_end(self, path: str, form: dict[str, str] | None, heard: Heard | None) -> None:
        async with asyncio.timeout(LONGEST_S):
            while self.end is None:
                try:
                    async with self._client() as client:
                        if self.answer is None:
                            request = client.build_request("POST", path, data=form)
                        else:
                            headers = {"Last-Event-ID": self.position} if self.position else {}
                            where = f"/widget/answers/{self.answer}/events"
                            request = client.build_request("GET", where, headers=headers)
                        await self._take(client, request, heard)
                except httpx.TransportError:
                    pass  # the way there broke
                if self.end is None:
                    self.broken += 1
                    await asyncio.sleep(0.05)

    async def _take(self, client: httpx.AsyncClient, request: httpx.Request, heard: Heard | None) -> None:
        response = await client.send(request, stream=True)
        try:
            if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                return
            if response.status_code != httpx.codes.OK:
                raise AssertionError(f"{response.status_code}: {(await response.aread()).decode()}")
            async for position, name, data in _events(response):
                self._hear(position, name, data)
                if heard:
                    heard(name)
        finally:
            await response.aclose()

    def _hear(self, position: str, name: str, data: dict[str, Any]) -> None:
        self.events.append(name)
        self.position = position
        if self.end is not None:
            self.wrong.append(f"{name} after the end")
        match name:
            case "started":
                self.answer = data["answer"]
            case "token":
                self.text += data["text"]
            case "reset":
                if not self.text:
                    self.wrong.append("a reset of nothing")
                self.text = ""
            case "done" | "stopped" | "failed":
                self.end = name, data

    def _client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token}", "Origin": self.url, "Connection": "close"}
        return httpx.AsyncClient(base_url=self.at or self.url, headers=headers, trust_env=False, timeout=15)


async def visitor(url: str, site: str) -> str:
    """Begin a visitor's session; return their token, which every replica takes."""
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}, trust_env=False, timeout=15) as client:
        answer = await client.post("/widget/session", json={"site": site})
        answer.raise_for_status()
        return str(answer.json()["token"])


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
    """Whole events only: one that a broken connection cut in two has not been heard."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}
        else:
            fields = {}
