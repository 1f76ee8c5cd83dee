"""A local embeddings server: vectors that a test chooses, or whatever goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

Vector = list[float]
Reply = tuple[int, Any]


class EmbeddingServer:
    """Answers `POST /embeddings`. `vector_of` gives the vector of a text; `fault`, if set, the whole answer."""

    def __init__(self, vector_of: Callable[[str], Vector]) -> None:
        self.vector_of = vector_of
        self.fault: Callable[[list[str]], Reply | None] | None = None
        self.asked: list[list[str]] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and hang up."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].split("\r\n")[0])
            texts = json.loads(await reader.readexactly(length))["input"]
            self.asked.append(texts)
            reply = self.fault(texts) if self.fault else (200, self.data([self.vector_of(text) for text in texts]))
            if reply is None:
                await reader.read()  # say nothing until the client leaves
                return
            body = json.dumps(reply[1]).encode()
            writer.write(
                f"HTTP/1.1 {reply[0]} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                "Connection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    @staticmethod
    def data(vectors: list[Vector]) -> dict[str, object]:
        """Vectors in OpenAI's shape, in an order that is not theirs."""
        rows = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
        return {"object": "list", "data": rows[::-1], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}


@asynccontextmanager
async def serve_embeddings(vector_of: Callable[[str], Vector]) -> AsyncIterator[EmbeddingServer]:
    """Run the server on a free port of this machine."""
    server = EmbeddingServer(vector_of)
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server
