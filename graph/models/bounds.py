"""An HTTP client that stops reading a body that never ends, and follows no redirect."""

from collections.abc import AsyncIterator

import httpx2

from graph.errors import StreamCut

BODY_BYTES = 16_000_000
"""Far more than any answer: a streamed token takes some 300 bytes."""


class BoundedBody(httpx2.AsyncByteStream):
    """A response's body that raises `StreamCut` as soon as it is longer than allowed."""

    def __init__(self, body: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._body = body
        self._left = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._body:
            self._left -= len(part)
            if self._left < 0:
                raise StreamCut("The model's server sent far more than an answer can be.")
            yield part

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._body.aclose()


async def bound(response: httpx2.Response) -> None:
    """Bound the body of a response that has not been read yet."""
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = BoundedBody(response.stream, BODY_BYTES)


def bounded_client(timeout: httpx2.Timeout) -> httpx2.AsyncClient:
    """Return a client with bounded bodies. It asks for no compression, so that bytes received are bytes read."""
    return httpx2.AsyncClient(
        timeout=timeout,
        follow_redirects=False,  # a key goes nowhere but to the address in the settings
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [bound]},
    )
