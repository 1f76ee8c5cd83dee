"""A load balancer without stickiness: each connection goes to the next server that takes it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager


class Balancer:
    """Carries TCP connections to the servers of a list in turn, and can cut all that are open."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports, self._next = list(ports), 0
        self._carrying: set[asyncio.Task[None]] = set()
        self.port = 0
        self.last = 0
        """The server that got the last connection."""

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            far = await self._connect()
            if far is not None:
                ways = [asyncio.create_task(_copy(reader, far[1])), asyncio.create_task(_copy(far[0], writer))]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    far[1].transport.abort()
        except asyncio.CancelledError:
            pass  # cut
        finally:
            writer.transport.abort()
            self._carrying.discard(task)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self._ports:
            port = self._ports[self._next % len(self._ports)]
            self._next += 1
            with contextlib.suppress(OSError):
                ends = await asyncio.open_connection("127.0.0.1", port)
                self.last = port
                return ends
        return None

    def cut(self) -> int:
        """Break everything that is open, as a lost network would; return how many connections there were."""
        carrying = tuple(self._carrying)
        for task in carrying:
            task.cancel()
        return len(carrying)


@asynccontextmanager
async def balancer(ports: Sequence[int]) -> AsyncIterator[Balancer]:
    """One before these ports, on a port of its own."""
    balancer = Balancer(ports)
    server = await asyncio.start_server(balancer.carry, "127.0.0.1", 0)
    balancer.port = server.sockets[0].getsockname()[1]
    try:
        yield balancer
    finally:
        server.close()
        balancer.cut()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
