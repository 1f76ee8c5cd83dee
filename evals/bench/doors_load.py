"""Many visitors at once, at the widget's door or at the chat page's: when does their first token come?"""

import asyncio
import json
import math
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx

from evals.bench.doors_server import FIRST_S
from evals.bench.memory import MIB
from evals.bench.visitor import visitor

EVERY_S = 30.0
ANSWER_S = 60.0
OPENING = 10
"""So many visitors come at the same moment at most, before the measuring begins."""
BOUNDARY = "of-the-bench"

Turn = Callable[[str], Awaitable[float]]
"""Asks a question, waits for the whole answer, and returns the seconds until its first token."""


@dataclass(slots=True)
class Load:
    """What the visitors met.

    Attributes:
        overhead_ms: of each turn, from the question to the first token, less the model's own time.
        errors: by the name of what happened.
        resident_mib: of the server at the beginning, in the middle and at the end.
    """

    overhead_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    resident_mib: list[float] = field(default_factory=list)


async def widget_load(url: str, pid: int, *, visitors: int, lasting_s: float) -> Load:
    """Have visitors ask through the widget's door."""
    limit = asyncio.Semaphore(OPENING)

    async def come(number: int) -> Turn:
        async with limit:
            return await _widget_visitor(url, number)

    turns = await asyncio.gather(*map(come, range(visitors)))
    return await _asking(turns, pid, lasting_s)


async def page_load(url: str, pid: int, *, visitors: int, lasting_s: float) -> Load:
    """Have visitors ask on Chainlit's own page, over its socket."""
    async with AsyncExitStack() as stack:
        limit = asyncio.Semaphore(OPENING)

        async def come(_: int) -> Turn:
            async with limit:
                return (await stack.enter_async_context(visitor(url))).ask

        turns = await asyncio.gather(*map(come, range(visitors)))
        return await _asking(turns, pid, lasting_s)


async def _asking(turns: list[Turn], pid: int, lasting_s: float) -> Load:
    load, dice = Load(), random.Random(1)
    until = time.perf_counter() + lasting_s

    async def ask(number: int, turn: Turn, first_s: float) -> None:
        at = time.perf_counter() + first_s
        count = 0
        while at < until:
            await asyncio.sleep(at - time.perf_counter())
            count += 1
            try:
                async with asyncio.timeout(ANSWER_S):
                    first = await turn(f"How long do refunds of order {number}-{count} take to be paid?")
                if math.isnan(first):
                    raise ConnectionError("no token came")
                load.overhead_ms.append((first - FIRST_S) * 1000)
            except Exception as error:  # noqa: BLE001 - whatever a visitor meets is counted
                load.errors.append(f"{type(error).__name__}: {error}")
            at = max(at + EVERY_S, time.perf_counter())

    async def weigh() -> None:
        for _ in range(3):
            load.resident_mib.append(resident_bytes(pid) / MIB)
            await asyncio.sleep(lasting_s / 2)

    asking = [ask(number, turn, dice.uniform(0, EVERY_S)) for number, turn in enumerate(turns)]
    await asyncio.gather(weigh(), *asking)
    return load


def resident_bytes(pid: int) -> int:
    """Resident memory of a process. Linux tells it."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


async def _widget_visitor(url: str, number: int) -> Turn:
    """Begin a session from an address of the visitor's own."""
    address = f"10.0.{number // 250}.{number % 250 + 1}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        headers = {"Origin": url, "X-Forwarded-For": address}
        answer = await client.post("/widget/session", json={"site": "default"}, headers=headers)
        answer.raise_for_status()
    token, conversation = str(answer.json()["token"]), uuid4()
    return lambda question: _ask(url, token, conversation, question)


async def _ask(url: str, token: str, conversation: UUID, question: str) -> float:
    """One turn over a connection of its own. Written by hand, to cost the machine little beside the server."""
    body = _form({"id": str(uuid4()), "text": question})
    head = (
        f"POST /widget/conversations/{conversation}/messages HTTP/1.1\r\n"
        f"Host: {urlsplit(url).netloc}\r\nOrigin: {url}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    try:
        writer.write(head.encode() + body)
        return await _read(reader, began)
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, began: float) -> float:
    """Read to the end of the answer. An event's lines come in one piece of the response, whatever its framing."""
    status = (await reader.readline()).split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise ConnectionError(f"status {b''.join(status).decode()}")
    first_s, text, event = 0.0, "", ""
    while line := await reader.readline():
        if line.startswith(b"event: "):
            event = line[7:].decode().strip()
            if event == "token" and not first_s:
                first_s = time.perf_counter() - began
        elif line.startswith(b"data: "):
            if event == "token":
                text += json.loads(line[6:])["text"]
            elif event == "reset":
                text = ""
            elif event == "done":
                if json.loads(line[6:])["text"].strip() != text.strip():
                    raise ValueError("the answer is not what was streamed")
                return first_s
    raise ConnectionError(f"the answer ended with {event or 'nothing'}")


def _form(fields: dict[str, str]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()
