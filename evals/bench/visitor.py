"""A visitor without a browser: speaks to the chat page over its websocket."""

import json
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect

OPEN, PING, PONG, CONNECT, EVENT = "0", "2", "3", "40", "42"
"""Packets of Engine.IO 4 with Socket.IO inside."""


class Visitor:
    """An open chat page. One question at a time."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def ask(self, question: str) -> float:
        """Send a message and wait until its turn has ended; return the seconds until its first token, or NaN."""
        message = {"id": str(uuid4()), "name": "visitor", "type": "user_message", "output": question}
        await self._send("client_message", {"message": message, "fileReferences": []})
        began, first_s, started = time.perf_counter(), float("nan"), False
        async for name in self._events():
            started |= name == "task_start"
            if name == "stream_start" and math.isnan(first_s):
                first_s = time.perf_counter() - began
            if started and name == "task_end":
                break
        return first_s

    async def _send(self, name: str, *arguments: Any) -> None:
        await self._connection.send(EVENT + json.dumps([name, *arguments]))

    async def _events(self) -> AsyncIterator[str]:
        async for packet in self._connection:
            text = packet if isinstance(packet, str) else packet.decode()
            if text == PING:
                await self._connection.send(PONG)
            elif text.startswith(EVENT):
                yield str(json.loads(text[len(EVENT) :])[0])


@asynccontextmanager
async def visitor(url: str) -> AsyncIterator[Visitor]:
    """Open the page as a new guest."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
        (await client.get("/")).raise_for_status()
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = url.replace("http", "ws", 1) + "/ws/socket.io/?EIO=4&transport=websocket"
    async with connect(address, additional_headers={"Cookie": cookies}, proxy=None, max_size=None) as connection:
        await _expect(connection, OPEN)
        await connection.send(CONNECT + json.dumps({"clientType": "webapp", "sessionId": str(uuid4())}))
        await _expect(connection, CONNECT)
        page = Visitor(connection)
        await page._send("connection_successful")  # noqa: SLF001 - the other half of this file
        yield page


async def _expect(connection: ClientConnection, packet: str) -> None:
    got = str(await connection.recv())
    if not got.startswith(packet):
        raise ConnectionError(f"the chat page answered {got[:80]!r}")
