"""An OpenAI-compatible server that answers at once, so that only its clients take time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

WORDS = 20


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    frame = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "instant", "choices": [choice]}
    line = f"data: {json.dumps(frame)}\n\n".encode()
    return f"{len(line):x}\r\n".encode() + line + b"\r\n"


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_END = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
_ANSWER = _HEAD + b"".join(_event({"content": "word "}) for _ in range(WORDS)) + _event({}, "stop") + _END


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            await reader.readexactly(length)
            writer.write(_ANSWER)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def instant_server() -> AsyncIterator[str]:
    """Yield its address, which ends in `/v1`."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
