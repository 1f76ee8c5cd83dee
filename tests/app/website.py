"""A web server of the tests, which answers as each test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Write = Callable[[bytes], Awaitable[None]]


@dataclass
class Answer:
    """What is sent. `body` may be a function that writes it piece by piece, for as long as it likes."""

    body: bytes | Callable[[Write], Awaitable[None]] = b""
    kind: str = "text/html"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Website:
    """Answers by path; what has none is 404. `asked` holds each request's path and headers."""

    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def url(self, path: str = "", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked if path != "/robots.txt"]

    def put(self, path: str, text: str) -> None:
        """Let a page of one heading and one sentence be there."""
        title = path.strip("/") or "start"
        self.pages[path] = Answer(f"<title>{title}</title><main><h1>{title}</h1><p>{text}</p></main>".encode())

    def sitemap(self, path: str, *pages: str, index: bool = False) -> None:
        entry, root = ("sitemap", "sitemapindex") if index else ("url", "urlset")
        entries = "".join(f"<{entry}><loc>{page}</loc></{entry}>" for page in pages)
        text = f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{root}>'
        self.pages[path] = Answer(text.encode(), "application/xml")

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            path = first.split()[1]
            self.asked.append((path, headers))
            answer = self.pages.get(path, Answer(status=404))
            if answer.headers.get("ETag", "-") == headers.get("if-none-match"):
                answer = Answer(status=304)
            more = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
            head = f"HTTP/1.1 {answer.status} X\r\nContent-Type: {answer.kind}\r\n{more}Connection: close\r\n\r\n"
            writer.write(head.encode())

            async def write(piece: bytes) -> None:
                writer.write(piece)
                await writer.drain()

            if isinstance(answer.body, bytes):
                await write(answer.body)
            else:
                await answer.body(write)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.at_once -= 1
            writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Website]:
    """Yield a website on a port of this machine."""
    website = Website()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(website.take(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    website.port = server.sockets[0].getsockname()[1]
    try:
        yield website
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
